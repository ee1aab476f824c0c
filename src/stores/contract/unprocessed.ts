import type {ContractTest} from './bench.ts';
import {DAY} from './bench.ts';
import {answered, holds, same} from './check.ts';

const notSent = {status: 'unprocessed'} as const;
const turnedAway = {status: 'unprocessed', httpStatus: 401} as const;
const answer = {status: 401, statusText: '', headers: [], body: new Uint8Array([1]), url: 'https://a.test/'};

/** What was turned away before execution: neither free nor open. The same request keeps its key, another one gets a new one. */
export const unprocessedTests: readonly ContractTest[] = [
	{
		title: 'unprocessed: the same request goes on under the stored key, unambiguous, with a new token',
		async run({begin, settle, claim, stored}) {
			const first = await begin({request: {method: 'POST', url: 'https://a.test/', body: null}});
			same((await settle(first, turnedAway)).status, 'done', 'the settlement');
			const left = await stored();
			same([left?.state, left?.owner, left?.request], [turnedAway, '', undefined], 'what is left');
			const {record} = answered(await claim({owner: 'bob', key: 'key-2'}), 'claimed');
			same([record.key, record.state, record.ambiguous], ['key-1', {status: 'sending'}, false], 'the record');
			holds(record.token > first.token, 'the token grows');
			same([record.createdAt, record.keepUntil], [first.createdAt, undefined], 'the times');
			same(await stored(), record, 'what is stored');
		},
	},
	{
		title: 'unprocessed: the request is kept anew, once it is encoded under the stored key',
		async run({begin, settle, stored}) {
			const request = {method: 'POST', url: 'https://a.test/', body: null};
			await settle(await begin({request}), notSent);
			same((await begin({owner: 'bob', key: 'key-2', request})).request, undefined, 'one of another key');
			same((await begin({owner: 'bob', request})).request, request, 'one of its own');
			same((await stored())?.request, request, 'what is stored');
			await settle(await begin({owner: 'bob'}), notSent);
			same((await begin({owner: 'eve', request})).request, request, 'one of its own at once');
		},
	},
	{
		title: 'unprocessed: an owner that dies after that leaves it ambiguous',
		async run({begin, settle, claim, lapse, lease}) {
			await settle(await begin(), notSent);
			await begin({owner: 'bob', lease});
			await lapse();
			same(answered(await claim({owner: 'eve'}), 'claimed').record.ambiguous, true, 'ambiguous');
		},
	},
	{
		title: 'unprocessed: another request begins anew, under a key that is derived as the released one was',
		async run({begin, settle, free}) {
			await settle(await begin({key: 'key-0'}), {status: 'succeeded'});
			await free('complete', 'key-0');
			const first = await begin();
			same(first.previousKey, 'key-0', 'the key before');
			await settle(first, notSent);
			const next = await begin({key: 'key-2', fingerprint: 'print-2', previousKey: 'key-0'});
			same([next.key, next.previousKey, next.ambiguous], ['key-2', 'key-0', false], 'the record');
			holds(next.token > first.token, 'the token grows');
		},
	},
	{
		title: 'unprocessed: a key derived from the released one is answered with the one before it',
		async run({begin, settle, claim, stored}) {
			await settle(await begin(), notSent);
			const before = await stored();
			const {previousKey} = answered(
				await claim({key: 'key-2', fingerprint: 'print-2', previousKey: 'key-1'}),
				'key-used',
			);
			same(previousKey, null, 'the key before');
			same(await stored(), before, 'what is stored');
		},
	},
	{
		title: 'unprocessed: a random key that went with one request begins no other, however late its claim comes',
		async run({begin, settle, claim, stored}) {
			await settle(await begin({random: true}), notSent);
			const before = await stored();
			answered(await claim({fingerprint: 'print-2', random: true}), 'key-used');
			same(await stored(), before, 'what is stored');
			same((await begin({key: 'key-2', fingerprint: 'print-2', random: true})).key, 'key-2', 'the next key');
		},
	},
	{
		title: "unprocessed: another request may go under the caller's own key again, the same one only under that",
		async run({begin, settle, claim}) {
			await settle(await begin({ownKey: true}), notSent);
			answered(await claim({key: 'key-2', ownKey: true}), 'other-key');
			same((await begin({fingerprint: 'print-2', ownKey: true})).key, 'key-1', 'the key');
		},
	},
	{
		title: "unprocessed: past its key's end it counts as absent",
		needs: DAY,
		async run({begin, settle, claim, elapse}) {
			const first = await begin();
			await settle(first, notSent);
			await elapse(DAY);
			const {record, now} = answered(await claim({key: 'key-2'}), 'claimed');
			same([record.key, record.keyUntil, record.createdAt], ['key-2', now + DAY, now], 'the record');
		},
	},
	{
		title:
			'unprocessed: only who holds a record in flight that nobody else may have sent writes it; others leave a doubt',
		async run({begin, settle, stored}) {
			const first = await begin();
			const taken = await begin({owner: 'bob', takeFrom: 'ann'});
			same((await settle(first, notSent)).status, 'lost', 'the write of who lost the lease');
			same((await settle(taken, notSent)).status, 'done', 'the write of who took over');
			same((await stored())?.state, {status: 'unknown'}, 'what may have been sent before');
		},
	},
	{
		title: 'unprocessed: a key that others may have sent leaves a doubt',
		async run({begin, settle, stored}) {
			const held = await begin({ambiguous: true});
			same(held.ambiguous, true, 'ambiguous from the beginning');
			await settle(held, turnedAway);
			same((await stored())?.state, {status: 'unknown'}, 'the state');
		},
	},
	{
		title: 'unprocessed: a late success and a binding refusal of its key count, a late doubt does not',
		async run({begin, settle, stored, free}) {
			const held = await begin();
			await settle(held, notSent);
			same((await settle(held, {status: 'unknown'}, {fenced: true})).status, 'lost', 'a late doubt');
			same((await settle(held, {status: 'refused'}, {fenced: true})).status, 'lost', 'a late refusal that is fenced');
			await settle(held, {status: 'refused', httpStatus: 402});
			same((await stored())?.state, {status: 'refused', httpStatus: 402}, 'a binding refusal');
			await free('forget');
			const again = await begin({key: 'key-2'});
			await settle(again, notSent);
			await settle(again, {status: 'succeeded', httpStatus: 201});
			same((await stored())?.state, {status: 'succeeded', httpStatus: 201}, 'a success');
		},
	},
	{
		title: 'unprocessed: who waits for it takes the answer that turned it away, and goes on with what was never sent',
		async run({begin, settle, claim}) {
			const held = await begin();
			answered(await claim({owner: 'bob'}), 'busy');
			await settle(held, turnedAway, {answer});
			const {record} = answered(await claim({owner: 'bob', awaited: 'key-1'}), 'settled');
			same(record.answer, answer, 'the answer');
			const again = await begin({owner: 'bob'});
			same([again.answer, again.awaited], [undefined, false], 'what is left of the answer');
			await settle(again, notSent);
			same((await begin({owner: 'eve', awaited: 'key-1'})).key, 'key-1', 'the key');
		},
	},
	{
		title: 'unprocessed: it is forgotten without force, and never completed',
		async run({begin, settle, free, claim}) {
			await settle(await begin(), notSent);
			same((await free('complete')).status, 'open', 'completing it');
			same((await free('forget')).status, 'freed', 'forgetting it');
			answered(await claim(), 'key-used');
			same((await begin({key: 'key-2'})).key, 'key-2', 'the next key');
		},
	},
	{
		title: 'unprocessed: what nobody holds is settled by who has seen it so, unless it has begun anew',
		async run({begin, settle, stored}) {
			await settle(await begin(), notSent);
			const seen = await stored();
			const held = await begin();
			same(seen && (await settle(seen, {status: 'refused'}, {fenced: true})).status, 'lost', 'once it has begun anew');
			await settle(held, notSent);
			const left = await stored();
			same(
				left && (await settle(left, {status: 'refused'}, {fenced: true})).status,
				'done',
				'while it is as it was seen',
			);
		},
	},
	{
		title: "said: a success by somebody's word is told as such, and an answered one replaces it",
		async run({begin, settle, stored}) {
			const held = await begin();
			await settle(held, {status: 'succeeded', said: true});
			same((await stored())?.state, {status: 'succeeded', said: true}, 'the state');
			await settle(held, {status: 'refused', httpStatus: 402});
			same((await stored())?.state, {status: 'succeeded', said: true}, 'the state after a refusal');
			await settle(held, {status: 'succeeded', httpStatus: 201});
			same((await stored())?.state, {status: 'succeeded', httpStatus: 201}, 'the state after an answer');
			await settle(held, {status: 'succeeded', said: true});
			same((await stored())?.state, {status: 'succeeded', httpStatus: 201}, 'the state after another word');
		},
	},
];
