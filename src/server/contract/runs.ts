import {answered, holds, same} from '../../stores/contract/check.ts';
import {DAY, ID, LONG, PAID, SUBJECT, type EntryTest} from './bench.ts';

/** Who may run, and what is kept of it. */
export const runTests: readonly EntryTest[] = [
	{
		title: 'begin: the first is granted, with what it asked and the time of the store',
		async run({ask}) {
			const {entry, now} = answered(await ask(), 'begun');
			const {leaseUntil, createdAt, token, ...rest} = entry;
			const asked = {subject: SUBJECT, fingerprint: 'print-1', owner: 'ann'};
			same(rest, {...asked, state: 'running', mayHaveActed: true}, 'the entry');
			same([leaseUntil - now, createdAt - now], [LONG, 0], 'its times');
			holds(token >= 1, 'it has a token');
		},
	},
	{
		title: 'begin: another is told that one is at it, and until when',
		async run({ask, begin}) {
			const first = await begin();
			const {entry} = answered(await ask({owner: 'bob'}), 'busy');
			same(entry, first, 'the entry');
		},
	},
	{
		title: 'begin: the same owner may begin again, under the same token',
		async run({begin}) {
			const first = await begin();
			const again = await begin();
			same([again.token, again.createdAt], [first.token, first.createdAt], 'token and age');
		},
	},
	{
		title: 'begin: what may have acted still may when the same owner begins again',
		async run({begin}) {
			await begin();
			same((await begin({mayHaveActed: false})).mayHaveActed, true, 'whether it may have acted');
		},
	},
	{
		title: 'begin: of 50 at once one runs, and the others are told so',
		async run({ask}) {
			const all = await Promise.all(Array.from({length: 50}, async (_, i) => ask({owner: `owner-${i}`})));
			const told = all.map(({status}) => status).toSorted();
			same(told, ['begun', ...Array.from({length: 49}, () => 'busy')], 'the answers');
		},
	},
	{
		title: 'begin: another payload is told before everything else',
		async run({ask, begin, answer, release, store}) {
			const other = {owner: 'bob', fingerprint: 'print-2'};
			const first = await begin();
			answered(await ask(other), 'reused');
			answered(await ask({fingerprint: 'print-2'}), 'reused');
			await release(first, 'doubt');
			answered(await ask(other), 'reused');
			await store.resolve(ID, 'undone');
			await answer(await begin());
			answered(await ask(other), 'reused');
		},
	},
	{
		title: 'begin: two ids are two entries',
		async run({begin, store}) {
			const {leaseUntil, createdAt, token, ...rest} = await begin();
			const asked = {...rest, fingerprint: 'print-2', lease: LONG, onLapsed: 'doubt'} as const;
			answered(await store.begin('b'.repeat(64), {...asked, owner: 'bob'}), 'begun');
		},
	},
	{
		title: 'answer: is given to everybody, byte for byte',
		async run({ask, begin, answer}) {
			const first = await begin();
			answered(await answer(first), 'done');
			const settled = {state: 'answered', answer: PAID, owner: '', leaseUntil: 0, expiresAt: first.createdAt + DAY};
			same(answered(await ask({owner: 'bob'}), 'answered').entry, {...first, ...settled}, 'what another finds');
		},
	},
	...[
		{...PAID, status: 204, statusText: '', headers: [], body: null},
		{...PAID, body: new Uint8Array()},
		{...PAID, body: null, bodyLost: true as const},
		{...PAID, body: Uint8Array.from({length: 100_000}, (_, i) => i % 251)},
		// A part of a larger buffer, whose other parts are somebody else's.
		{...PAID, body: new Uint8Array(64).fill(7).subarray(8, 16)},
	].map((kept, i): EntryTest => ({
		title: `answer: bodies of every kind, the ${i + 1}. of 5`,
		async run({ask, begin, answer}) {
			await answer(await begin(), DAY, kept);
			same(answered(await ask(), 'answered').entry.answer, kept, 'the answer');
		},
	})),
	{
		title: 'answer: after its retention, counted from the beginning, it is as if nothing had been',
		needs: DAY,
		async run({ask, begin, answer, elapse}) {
			const first = await begin({lease: 1_000_000});
			await elapse(100_000);
			await answer(first);
			await elapse(DAY - 100_001);
			answered(await ask({owner: 'bob'}), 'answered');
			await elapse(1);
			const next = await begin({owner: 'bob', fingerprint: 'print-2'});
			same([next.answer, next.expiresAt], [undefined, undefined], 'answer and end');
			answered(await answer(first), 'lost');
		},
	},
	{
		title: 'answer: a short retention counts, too',
		async run({ask, begin, answer, lease, lapse}) {
			await answer(await begin(), lease);
			answered(await ask(), 'answered');
			await lapse();
			await begin({owner: 'bob'});
		},
	},
	{
		title: 'answer, release, mark, renew: lost by another owner or token, after the end, and where nothing is',
		async run({ask, begin, answer, store}) {
			const steps = async (hold: {owner: string; token: number}) =>
				Promise.all([
					store.answer(ID, {...hold, retention: DAY, answer: PAID}),
					store.release(ID, {...hold, as: 'free'}),
					store.mark(ID, {...hold, lease: 1}),
					store.renew(ID, {...hold, lease: 1}),
				]);
			const allLost = async (hold: {owner: string; token: number}, what: string) =>
				same(
					(await steps(hold)).map(({status}) => status),
					Array(4).fill('lost'),
					what,
				);
			await allLost({owner: 'ann', token: 1}, 'where nothing is');
			const first = await begin();
			await allLost({...first, owner: 'bob'}, 'by another owner');
			await allLost({...first, token: first.token + 1}, 'by another token');
			same(answered(await ask({owner: 'bob'}), 'busy').entry, first, 'the entry');
			await answer(first);
			await allLost(first, 'after the end');
			answered(await ask({owner: 'bob'}), 'answered');
		},
	},
	{
		title: 'release: the next one begins anew, with any payload',
		async run({begin, release}) {
			answered(await release(await begin(), 'free'), 'done');
			await begin({owner: 'bob', fingerprint: 'print-2'});
		},
	},
	{
		title: 'sweep: drops what has expired and nothing that is unsettled',
		needs: 2 * DAY,
		async run({ask, begin, answer, elapse, store}) {
			const other = 'b'.repeat(64);
			await answer(await begin());
			const asked = {fingerprint: 'print-1', owner: 'ann', lease: LONG, mayHaveActed: true, onLapsed: 'doubt'} as const;
			await store.begin(other, {...asked, subject: {...SUBJECT, key: 'key-2'}});
			same(await store.sweep(), 0, 'swept at first');
			await elapse(2 * DAY);
			await store.sweep();
			await begin({owner: 'bob'});
			answered(await store.begin(other, {...asked, owner: 'bob', subject: {...SUBJECT, key: 'key-2'}}), 'doubt');
			answered(await ask({owner: 'cid'}), 'busy');
		},
	},
];
