import type {ContractTest} from './bench.ts';
import {DAY, SUITE_LEASE} from './bench.ts';
import {answered, holds, same} from './check.ts';

/** Who is at an operation, until when, and who may take it over. */
export const leaseTests: readonly ContractTest[] = [
	{
		title: 'lease: when it is over, the operation is taken under the same key, as ambiguous, with a greater token',
		async run({begin, lease, lapse}) {
			const first = await begin({lease});
			await lapse();
			const taken = await begin({owner: 'bob', key: 'key-2'});
			same([taken.key, taken.owner, taken.ambiguous], ['key-1', 'bob', true], 'key, owner, ambiguous');
			same(taken.state, {status: 'sending'}, 'the state');
			holds(taken.token > first.token, 'the token grows');
			same([taken.createdAt, taken.keyUntil], [first.createdAt, first.keyUntil], 'the age of the key');
		},
	},
	{
		title: 'lease: when it is over, it is reported instead to who asks so, and nothing is written',
		async run({begin, claim, stored, lease, lapse}) {
			const first = await begin({lease});
			await lapse();
			const {record} = answered(await claim({owner: 'bob', onLapsed: 'report'}), 'lapsed');
			same(record, first, 'the answer');
			same(await stored(), first, 'what is stored');
		},
	},
	{
		title: 'lease: its own owner goes on after it is over, if nobody has taken it',
		async run({begin, store, id, lease, lapse}) {
			const first = await begin({lease});
			await lapse();
			answered(await store.renew(id, {...first, lease}), 'done');
			same((await begin()).token, first.token, 'the token');
		},
	},
	{
		title: 'lease: one of an owner that is known to be gone does not count, one of anybody else does',
		async run({begin, claim}) {
			await begin();
			answered(await claim({owner: 'cid', takeFrom: 'bob'}), 'busy');
			const taken = await begin({owner: 'cid', takeFrom: 'ann', onLapsed: 'report'});
			same([taken.owner, taken.ambiguous, taken.key], ['cid', true, 'key-1'], 'owner, ambiguous, key');
		},
	},
	{
		title: 'lease: an operation in doubt has no owner, and is taken at once',
		async run({begin, settle}) {
			const first = await begin();
			await settle(first, {status: 'unknown'}, {fenced: true});
			const taken = await begin({owner: 'bob', key: 'key-2', onLapsed: 'report'});
			same([taken.key, taken.ambiguous, taken.state], ['key-1', true, {status: 'sending'}], 'key, ambiguous, state');
		},
	},
	{
		title: 'lease: a final doubt stays one when it is taken',
		async run({begin, settle}) {
			await settle(await begin(), {status: 'unknown', final: true}, {fenced: true});
			const taken = await begin({owner: 'bob'});
			same([taken.state, taken.owner], [{status: 'unknown', final: true}, 'bob'], 'state and owner');
		},
	},
	{
		title: 'renew: counts from now, and keeps others out',
		async run({begin, claim, store, id, lease, lapse}) {
			const first = await begin({lease});
			const {record} = answered(await store.renew(id, {...first, lease: SUITE_LEASE}), 'done');
			same([record.owner, record.token, record.key], ['ann', first.token, 'key-1'], 'owner, token, key');
			same(record.leaseUntil - record.updatedAt, SUITE_LEASE, 'the lease');
			await lapse();
			answered(await claim({owner: 'bob'}), 'busy');
		},
	},
	{
		title: 'renew: is lost by another owner, token or key, and writes nothing',
		async run({begin, store, id, stored}) {
			const first = await begin();
			for (const stranger of [{owner: 'bob'}, {token: first.token + 1}, {key: 'key-2'}]) {
				const {record} = answered(await store.renew(id, {...first, ...stranger, lease: 1}), 'lost');
				same(record, first, 'the answer');
			}

			same(await stored(), first, 'what is stored');
		},
	},
	{
		title: 'renew: is lost where there is no record, after a takeover, and after the outcome',
		async run({begin, settle, store, id}) {
			const absent = await store.renew(id, {key: 'key-1', owner: 'ann', token: 1, lease: 1});
			same(answered(absent, 'lost').record, undefined, 'the record');
			const first = await begin();
			const taken = await begin({owner: 'bob', takeFrom: 'ann'});
			answered(await store.renew(id, {...first, lease: 1}), 'lost');
			await settle(taken, {status: 'succeeded'});
			answered(await store.renew(id, {...taken, lease: 1}), 'lost');
		},
	},
	{
		title: 'claim: a key that was used before keeps its age',
		async run({begin}) {
			const {createdAt, updatedAt, keyUntil} = await begin({key: 'key-1', keyAge: 60_000, keyLife: DAY});
			same([updatedAt - createdAt, keyUntil - createdAt], [60_000, DAY], 'its age and its life');
		},
	},
	{
		title: "claim: the key's end is the earlier of its life from now and what its caller says",
		async run({begin, store, id}) {
			const held = await begin({key: 'key-1', keyEnd: 1_000});
			same(held.keyUntil, 1_000, 'the end');
			const [listed] = await store.list(id.scope, id.name);
			same(listed?.record.keyUntil, 1_000, 'the end, as it is stored');
			const other = {scope: 'scope-a', name: 'another'};
			const claim = {fingerprint: 'print-1', owner: 'ann', lease: 1_000, onLapsed: 'take', keyEnd: 8.64e15} as const;
			const {record, now} = answered(await store.claim(other, {...claim, key: 'key-2', keyLife: DAY}), 'claimed');
			same(record.keyUntil, now + DAY, 'the end of a key that lasts');
		},
	},
];
