import type {ContractTest} from './bench.ts';
import {DAY} from './bench.ts';
import {answered, same} from './check.ts';

const pending = {status: 'pending', httpStatus: 202} as const;
const details = {statusUrl: 'https://a.test/payments/1?key=secret', redirectUrl: 'https://bank.test/\u0000"\ud800'};
const answer = {status: 202, statusText: '', headers: [], body: new Uint8Array([1]), url: 'https://a.test/'};

/** Taken by the server and not finished: open, under its key, at rest until somebody knows what became of it. */
export const pendingTests: readonly ContractTest[] = [
	{
		title: 'pending: it is open, without a lease, and keeps its key, its request and what the page needs',
		async run({store, id, begin, settle, stored}) {
			const request = {method: 'POST', url: 'https://a.test/', body: null};
			const held = await begin({request});
			same((await settle(held, pending, {fenced: true, pending: details})).status, 'done', 'the settlement');
			const left = await stored();
			same([left?.state, left?.owner, left?.leaseUntil, left?.keepUntil], [pending, '', 0, undefined], 'the record');
			same([left?.key, left?.request, left?.pending], ['key-1', request, details], 'what is kept');
			same((await store.list(id.scope, undefined, true)).length, 1, 'how many are open');
		},
	},
	{
		title: 'pending: a claim leaves it pending, one at a time looks what became of it, and whoever waits is told',
		async run({begin, settle, claim, stored, lapse, lease}) {
			const held = await begin();
			await settle(held, pending, {fenced: true, pending: details});
			const looking = await begin({owner: 'bob', key: 'key-2', lease});
			same([looking.state, looking.key, looking.ambiguous], [pending, 'key-1', true], 'the record');
			same(looking.pending, details, 'what is kept');
			answered(await claim({owner: 'eve'}), 'busy');
			answered(await claim({owner: 'eve', awaited: 'key-1'}), 'settled');
			await lapse();
			same((await begin({owner: 'eve'})).state, pending, 'the state after the one who looked is gone');
			same((await stored())?.state, pending, 'what is stored');
		},
	},
	{
		title: 'pending: another request is not taken for it, past the end of its key neither',
		needs: DAY,
		async run({begin, settle, claim, elapse}) {
			await settle(await begin(), pending, {fenced: true});
			answered(await claim({key: 'key-2', fingerprint: 'print-2'}), 'mismatch');
			await elapse(2 * DAY);
			answered(await claim({key: 'key-2', fingerprint: 'print-2'}), 'mismatch');
			same((await begin({key: 'key-2'})).key, 'key-1', 'the key of the same request');
		},
	},
	{
		title: 'pending: doubts and what was not processed leave it pending, an outcome settles it and drops what was kept',
		async run({begin, settle, stored}) {
			await settle(await begin(), pending, {fenced: true, pending: details});
			for (const weaker of [{status: 'unknown'}, {status: 'unknown', final: true}, {status: 'unprocessed'}] as const) {
				await settle(await begin({owner: 'bob'}), weaker, {fenced: true});
				const left = await stored();
				same([left?.state, left?.owner, left?.pending], [pending, '', details], `after ${weaker.status}`);
			}

			await settle(await begin({owner: 'eve'}), {status: 'succeeded', httpStatus: 200});
			const left = await stored();
			same([left?.state, left?.pending], [{status: 'succeeded', httpStatus: 200}, undefined], 'once it succeeded');
			await settle(left ?? (await begin()), pending);
			same((await stored())?.state, {status: 'succeeded', httpStatus: 200}, 'the state after a late word of before');
		},
	},
	{
		title: 'pending: only who holds the lease writes it',
		async run({begin, settle, stored}) {
			const first = await begin();
			await begin({owner: 'bob', takeFrom: 'ann'});
			same((await settle(first, pending, {pending: details})).status, 'lost', 'the write of who lost the lease');
			same((await stored())?.pending, undefined, 'what is kept');
		},
	},
	{
		title: 'pending: a refusal frees the key',
		async run({begin, settle}) {
			await settle(await begin(), pending, {fenced: true, pending: details});
			await settle(await begin({owner: 'bob'}), {status: 'refused', httpStatus: 402}, {fenced: true});
			const next = await begin({key: 'key-2'});
			same([next.key, next.pending], ['key-2', undefined], 'the next operation');
		},
	},
	{
		title: 'pending: who waits gets the answer, for a minute; it is kept for longer where that is asked for',
		needs: DAY,
		async run({begin, settle, claim, stored, elapse}) {
			const held = await begin();
			answered(await claim({owner: 'bob'}), 'busy');
			await settle(held, pending, {fenced: true, answer});
			same(answered(await claim({owner: 'bob', awaited: 'key-1'}), 'settled').record.answer, answer, 'the answer');
			await elapse(61_000);
			same(
				answered(await claim({owner: 'bob', awaited: 'key-1'}), 'settled').record.answer,
				undefined,
				'after a minute',
			);
			await settle(await begin({owner: 'eve'}), pending, {fenced: true, answer, keepAnswer: true});
			await elapse(DAY);
			await settle(await begin({owner: 'bob'}), {status: 'unknown'}, {fenced: true});
			same((await stored())?.answer, answer, 'what is kept for a day, though somebody has looked since');
		},
	},
	{
		title: 'pending: it is never swept, neither completed nor forgotten without force, which drops what was kept',
		needs: 365 * DAY,
		async run({store, begin, settle, free, stored, elapse}) {
			await settle(await begin(), pending, {fenced: true, pending: details});
			same((await free('complete')).status, 'open', 'completing it');
			same((await free('forget')).status, 'open', 'forgetting it');
			for (let days = 0; days < 365; days += 73) {
				await store.sweep();
				await elapse(73 * DAY);
			}

			same((await stored())?.pending, details, 'what is kept after a year');
			same((await free('force')).status, 'freed', 'forcing it');
			same((await stored())?.pending, undefined, 'what is kept then');
		},
	},
];
