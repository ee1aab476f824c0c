import {expect, test} from 'vitest';
import {inboxContract, type InboxPlace} from '../../src/consumer/contract.ts';
import type {Inbox} from '../../src/consumer/inbox.ts';
import {testClock} from '../stores/clock.ts';
import {sqlitePlace} from './inboxes.ts';
import type {DatabaseSync} from 'node:sqlite';

type Place = InboxPlace<DatabaseSync>;
type Change = (place: Place) => Partial<Inbox<DatabaseSync>>;

/** The titles of the rules that an inbox breaks. */
async function brokenBy(change: Change, longestElapse = Infinity): Promise<string[]> {
	const clock = testClock();
	const tests: Array<[string, () => Promise<void>]> = [];
	const makeStore = () => {
		const place = sqlitePlace(clock);
		return {...place, inbox: {...place.inbox, ...change(place)}};
	};
	inboxContract({test: (title, run) => tests.push([title, run]), makeStore, elapse: clock.elapse, longestElapse});
	const broken: string[] = [];
	for (const [title, run] of tests)
		await run().catch(() => {
			broken.push(title);
		});
	return broken;
}

const faults: ReadonlyArray<readonly [fault: string, change: Change, rule: RegExp]> = [
	[
		'remembers nothing',
		({inbox}) => ({take: async (consumer, all, run) => inbox.take(consumer + crypto.randomUUID(), all, run)}),
		/the first is new/,
	],
	['has one consumer', ({inbox}) => ({take: async (_, all, run) => inbox.take('one', all, run)}), /every consumer/],
	[
		'compares no payload',
		({inbox}) => ({
			take: async (consumer, all, run) =>
				inbox.take(
					consumer,
					all.map(({id}) => ({id, fingerprint: 'f1'})),
					run,
				),
		}),
		/another payload/,
	],
	[
		'wraps errors',
		({inbox}) => ({
			take: async (consumer, all, run) =>
				inbox.take(consumer, all, run).catch((error: unknown) => {
					throw new Error('wrapped', {cause: error});
				}),
		}),
		/its own error/,
	],
	[
		'commits effects of their own',
		({inbox, write, written}) => ({
			async take(consumer, all, run) {
				try {
					return await inbox.take(consumer, all, run);
				} catch (error) {
					if ((await written()).length === 0) await inbox.take(consumer, [], (_, tx) => write(tx, 'a'));
					throw error;
				}
			},
		}),
		/leaves nothing/,
	],
	[
		'counts nothing',
		({inbox}) => ({fail: async (...all) => ({...(await inbox.fail(...all))!, attempts: 1})}),
		/attempts are counted/,
	],
	['gives up nothing', () => ({mark: async () => true}), /given up/],
	[
		'marks anything',
		({inbox}) => ({mark: async (...all) => (await inbox.mark(...all)) || true}),
		/never what was processed/,
	],
	['sweeps all', ({inbox}) => ({sweep: async consumer => inbox.sweep(consumer, -1)}), /past the window/],
	['sweeps nothing', () => ({sweep: async () => 0}), /past the window/],
	[
		'folds case',
		({inbox}) => ({
			take: async (consumer, all, run) =>
				inbox.take(
					consumer,
					all.map(it => ({...it, id: it.id.toLowerCase()})),
					run,
				),
		}),
		/last character/,
	],
	[
		'mixes up the order',
		({inbox}) => ({
			take: async (consumer, all, run) => inbox.take(consumer, all.toReversed(), (found, tx) => run(found, tx)),
		}),
		/in their order/,
	],
];

test.each(faults)('an inbox that %s breaks the contract', async (_, change, rule) => {
	expect(await brokenBy(change)).toContainEqual(expect.stringMatching(rule));
});

test('a sound inbox breaks nothing', async () => {
	expect(await brokenBy(() => ({}))).toEqual([]);
	expect(await brokenBy(() => ({}), 300)).toEqual([]);
});
