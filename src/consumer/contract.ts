import {holds, same} from '../stores/contract/check.ts';
import {register, type Harness} from '../stores/contract/register.ts';
import {after, type MaybePromise} from '../utils.ts';
import type {Arrival, Found, Inbox} from './inbox.ts';

/** An inbox that holds nothing yet, and a place in its database for effects. */
export type InboxPlace<Tx> = {
	readonly inbox: Inbox<Tx>;
	/** Adds a name to those that were written. */
	readonly write: (tx: Tx, name: string) => MaybePromise<void>;
	/** The names that were written and committed. */
	readonly written: () => MaybePromise<readonly string[]>;
	readonly close?: () => MaybePromise<void>;
};

/** What the suite needs of a test runner, and of the inbox under test. */
export type InboxHarness<Tx> = Harness<InboxPlace<Tx>>;

const A: Arrival = {id: 'a', fingerprint: 'f1'};
const DAY = 86_400_000;

type Bench<Tx> = InboxPlace<Tx> & {
	readonly elapse: (ms: number) => Promise<void>;
	/** Takes arrivals, with an effect for each that is new; what was found. */
	readonly take: (arrivals: readonly Arrival[], consumer?: string) => Promise<readonly Found[]>;
	/** The same, and fails at its end. */
	readonly fall: (arrival: Arrival) => Promise<unknown>;
};

type Rule = {
	readonly title: string;
	readonly needs?: number;
	readonly run: <Tx>(bench: Bench<Tx>) => Promise<void>;
};

const first: Found = {status: 'new', attempt: 1};
const statuses = (found: readonly Found[]) => found.map(({status}) => status);

const rules: readonly Rule[] = [
	{
		title: 'take: the first is new, those after it find it processed',
		async run({take, written}) {
			same(await take([A]), [first], 'the first');
			same(await take([A]), [{status: 'processed'}], 'the second');
			same(await written(), ['a'], 'effects');
		},
	},
	{
		title: 'take: what fails leaves nothing, and rejects with its own error',
		async run({fall, take, written}) {
			const error = await fall(A);
			holds(error instanceof RangeError && error.message === 'on purpose', 'the error is that which was thrown');
			same(await written(), [], 'effects after the failure');
			same(await take([A]), [first], 'the next');
			same(await written(), ['a'], 'effects');
		},
	},
	{
		title: 'take: of 20 at once one is new',
		async run({take, written}) {
			const all = await Promise.all(Array.from({length: 20}, async () => take([A])));
			same(statuses(all.flat()).filter(it => it === 'new').length, 1, 'new ones');
			same(await written(), ['a'], 'effects');
		},
	},
	{
		title: 'take: every consumer has its own',
		async run({take}) {
			await take([A]);
			same(await take([A], 'other'), [first], 'of another consumer');
		},
	},
	{
		title: 'take: the same id with another payload is told, whatever became of the first',
		async run({take, inbox}) {
			const other = {id: 'a', fingerprint: 'f2'};
			await inbox.fail('one', A, 'failed');
			same(await take([other]), [{status: 'reused'}], 'of what failed');
			await take([A]);
			same(await take([other]), [{status: 'reused'}], 'of what was processed');
			same(await inbox.fail('one', other, 'failed'), undefined, 'a failure of the other');
		},
	},
	{
		title: 'take: many are told one by one, in their order',
		async run({take, inbox, written}) {
			const [b, c, d, e] = ['b', 'c', 'd', 'e'].map(id => ({id, fingerprint: 'f1'})) as [
				Arrival,
				Arrival,
				Arrival,
				Arrival,
			];
			await take([c]);
			await inbox.fail('one', b, 'failed');
			await inbox.fail('one', e, 'failed');
			await inbox.mark('one', 'e', 'skipped');
			const found = await take([e, d, {id: 'c', fingerprint: 'f2'}, c, b, A].filter(it => it.fingerprint === 'f1'));
			same(statuses(found), ['skipped', 'new', 'processed', 'new', 'new'], 'e, d, c, b, a');
			same((await written()).toSorted(), ['a', 'b', 'c', 'd'], 'effects');
		},
	},
	{
		title: 'take: crowds that overlap neither fail nor process one twice',
		async run({take, written}) {
			const all = Array.from({length: 30}, (_, i) => ({id: `m${i}`, fingerprint: 'f1'}));
			const parts = [all, all.toReversed(), all.slice(10), all.slice(0, 20).toReversed()];
			const found = await Promise.all(parts.map(async part => take(part)));
			same(statuses(found.flat()).filter(it => it === 'new').length, 30, 'new ones');
			same((await written()).length, 30, 'effects');
		},
	},
	{
		title: 'take: ids are told apart to the last character',
		async run({take}) {
			const ids = ['x'.repeat(255), `${'x'.repeat(254)}y`, 'A', 'a', 'a ', 'é', 'e\u0301', "'; --", '🔑', '\\'];
			const found = await take(ids.map(id => ({id, fingerprint: 'f1'})));
			same(
				statuses(found),
				ids.map(() => 'new'),
				'all are new',
			);
		},
	},
	{
		title: 'fail: attempts are counted, and the next one is told its number',
		async run({take, inbox, fall}) {
			same(await inbox.fail('one', A, 'failed \u{1F4A5}'), {attempts: 1, dead: false}, 'the first failure');
			await fall(A);
			same(await inbox.fail('one', A, 'failed'), {attempts: 2, dead: false}, 'the second failure');
			same(await take([A]), [{status: 'new', attempt: 3}], 'the third attempt');
			same(await inbox.fail('one', A, 'failed'), undefined, 'a failure of what was processed');
			same(await take([A]), [{status: 'processed'}], 'after that');
		},
	},
	{
		title: 'mark: a dead letter is remembered, and its message may be tried again',
		async run({take, inbox}) {
			await inbox.fail('one', A, 'failed');
			same(await inbox.mark('one', 'a', 'dead'), true, 'marked');
			same(await inbox.fail('one', A, 'failed'), {attempts: 2, dead: true}, 'the next failure');
			same(await take([A]), [{status: 'new', attempt: 3}], 'the next attempt');
		},
	},
	{
		title: 'mark: what is given up is not tried again, until it is made new',
		async run({take, inbox}) {
			await inbox.fail('one', A, 'failed');
			same(await inbox.mark('one', 'a', 'skipped'), true, 'given up');
			same(await take([A]), [{status: 'skipped'}], 'what was given up');
			same(await inbox.fail('one', A, 'failed'), undefined, 'a failure of it');
			same(await inbox.mark('one', 'a', 'new'), true, 'made new');
			same(await take([A]), [first], 'then');
		},
	},
	{
		title: 'mark: never what was processed, nor what is not there, nor of another consumer',
		async run({take, inbox}) {
			await take([A]);
			for (const as of ['dead', 'skipped', 'new'] as const) {
				same(await inbox.mark('one', 'a', as), false, `what was processed, as ${as}`);
				same(await inbox.mark('one', 'b', as), false, `what is not there, as ${as}`);
			}

			await inbox.fail('other', A, 'failed');
			same(await inbox.mark('one', 'a', 'skipped'), false, 'of another consumer');
			same(await take([A]), [{status: 'processed'}], 'it stays processed');
		},
	},
	{
		title: 'sweep: what is past the window goes, of this consumer alone',
		needs: 2 * DAY,
		async run({take, inbox, elapse}) {
			await take([A]);
			await take([A], 'other');
			await inbox.fail('one', {id: 'failed', fingerprint: 'f1'}, 'failed');
			await elapse(DAY);
			await take([{id: 'b', fingerprint: 'f1'}]);
			same(await inbox.sweep('one', 2 * DAY), 0, 'within the window');
			same(await inbox.sweep('one', DAY / 2), 2, 'past it');
			same(statuses(await take([A])), ['new'], 'what has gone');
			same(statuses(await take([{id: 'b', fingerprint: 'f1'}])), ['processed'], 'what has stayed');
			same(statuses(await take([A], 'other')), ['processed'], 'of the other');
		},
	},
];

/**
 * Registers the rules that every `Inbox` keeps, one test each. Run it over an inbox of your own, against its real engine.
 *
 * @example
 * import {postgresInbox} from 'latchkey/consumer';
 * import {inboxContract} from 'latchkey/consumer/contract';
 * import {test} from 'vitest';
 *
 * inboxContract({
 * 	test,
 * 	async makeStore() {
 * 		await pool.query('DROP TABLE IF EXISTS latchkey_inbox; DROP TABLE IF EXISTS effects; CREATE TABLE effects (name text)');
 * 		const inbox = postgresInbox({database: pool});
 * 		await inbox.setup();
 * 		return {
 * 			inbox,
 * 			write: async (tx, name) => void (await tx.query('INSERT INTO effects VALUES ($1)', [name])),
 * 			written: async () => (await pool.query<{name: string}>('SELECT name FROM effects')).rows.map(({name}) => name),
 * 		};
 * 	},
 * 	elapse: ms => new Promise(resolve => setTimeout(resolve, ms)),
 * 	longestElapse: 600,
 * });
 */
export function inboxContract<Tx>(harness: InboxHarness<Tx>): void {
	register<InboxPlace<Tx>, Bench<Tx>>(harness, rules, DAY, (place, _, elapse) => benchOn(place, elapse));
}

function benchOn<Tx>(place: InboxPlace<Tx>, elapse: (ms: number) => MaybePromise<void>): Bench<Tx> {
	const {inbox, write} = place;
	return {
		...place,
		elapse: async ms => elapse(ms),
		take: async (arrivals, consumer = 'one') =>
			inbox.take(consumer, arrivals, (found, tx) => {
				const names = arrivals.filter((_, i) => found[i]?.status === 'new').map(({id}) => id);
				const writing = names.reduce<MaybePromise<void>>((it, name) => after(it, () => write(tx, name)), undefined);
				return after(writing, () => found);
			}),
		fall: async arrival => {
			try {
				return await inbox.take('one', [arrival], (_, tx) => {
					const fail = () => {
						throw new RangeError('on purpose');
					};
					return after(write(tx, arrival.id), fail);
				});
			} catch (error) {
				return error;
			}
		},
	};
}
