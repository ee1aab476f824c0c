import type {State} from '../../operation/state.ts';
import type {ContractTest} from './bench.ts';
import {DAY} from './bench.ts';
import {answered, same} from './check.ts';

const SUCCEEDED: State = {status: 'succeeded', httpStatus: 201};
const REFUSED: State = {status: 'refused', httpStatus: 402};
const MISMATCHED: State = {status: 'mismatched', httpStatus: 422};
const UNKNOWN: State = {status: 'unknown'};

/** What is written first, what comes then, and what stands after both. */
const pairs: ReadonlyArray<readonly [first: State, second: State, stands: State]> = [
	[UNKNOWN, SUCCEEDED, SUCCEEDED],
	[UNKNOWN, REFUSED, REFUSED],
	[REFUSED, SUCCEEDED, SUCCEEDED],
	[MISMATCHED, SUCCEEDED, SUCCEEDED],
	[SUCCEEDED, REFUSED, SUCCEEDED],
	[SUCCEEDED, MISMATCHED, SUCCEEDED],
	[SUCCEEDED, UNKNOWN, SUCCEEDED],
	[REFUSED, UNKNOWN, REFUSED],
	[MISMATCHED, UNKNOWN, MISMATCHED],
];

/** Writing an outcome: monotone for one key, whoever holds the lease. */
export const settleTests: readonly ContractTest[] = [
	{
		title: 'settle: ends the lease and says how long the record stays, 90 days after a success, 7 after a refusal',
		async run({begin, settle, stored}) {
			const first = await begin();
			const refused = answered(await settle(first, REFUSED), 'done').record;
			same([refused.state, refused.owner, refused.leaseUntil], [REFUSED, '', 0], 'state, owner, lease');
			same((refused.keepUntil ?? 0) - refused.updatedAt, 7 * DAY, 'how long a refusal stays');
			const succeeded = answered(await settle(first, SUCCEEDED), 'done').record;
			same((succeeded.keepUntil ?? 0) - succeeded.updatedAt, 90 * DAY, 'how long a success stays');
			same(await stored(), succeeded, 'what is stored');
		},
	},
	{
		title: 'settle: a doubt ends the lease, keeps the key and its age, and has no end',
		async run({begin, settle}) {
			const first = await begin();
			const {record} = answered(await settle(first, UNKNOWN, {fenced: true}), 'done');
			same([record.state, record.owner, record.key], [UNKNOWN, '', 'key-1'], 'state, owner, key');
			same([record.keyUntil, record.keepUntil], [first.keyUntil, undefined], 'the times');
		},
	},
	...pairs.map(([first, second, stands]): ContractTest => ({
		title: `settle: ${second.status} after ${first.status} leaves ${stands.status}`,
		async run({begin, settle, stored}) {
			const held = await begin();
			await settle(held, first);
			same(answered(await settle(held, second), 'done').record.state, stands, 'the answer');
			same((await stored())?.state, stands, 'what is stored');
		},
	})),
	{
		title: 'settle: a fenced write by an owner that was taken over is lost',
		async run({begin, settle, stored}) {
			const first = await begin();
			const taken = await begin({owner: 'bob', takeFrom: 'ann'});
			for (const state of [UNKNOWN, REFUSED]) answered(await settle(first, state, {fenced: true}), 'lost');
			same(await stored(), taken, 'what is stored');
			same(answered(await settle(taken, REFUSED, {fenced: true}), 'done').record.state, REFUSED, 'the state');
		},
	},
	{
		title: 'settle: a fenced write by the same owner under an older token is lost',
		async run({begin, settle, stored}) {
			const first = await begin();
			await settle(first, UNKNOWN);
			const again = await begin();
			answered(await settle(first, REFUSED, {fenced: true}), 'lost');
			same(await stored(), again, 'what is stored');
		},
	},
	{
		title: 'settle: an unfenced definitive answer to an owner that was taken over counts',
		async run({begin, settle, claim}) {
			const first = await begin();
			const taken = await begin({owner: 'bob', takeFrom: 'ann'});
			same(answered(await settle(first, SUCCEEDED), 'done').record.state, SUCCEEDED, 'the state');
			answered(await settle(taken, UNKNOWN), 'done');
			same(answered(await claim({owner: 'cid'}), 'settled').record.state, SUCCEEDED, 'the state in the end');
		},
	},
	{
		title: 'settle: is lost under another key, and where there is no record',
		async run({begin, settle, stored, store, id}) {
			const lease = {key: 'key-1', owner: 'ann', token: 1};
			const absent = await store.settle(id, {...lease, state: SUCCEEDED, fenced: false, keepAnswer: false});
			same(answered(absent, 'lost').record, undefined, 'the record');
			const first = await begin();
			answered(await settle(first, SUCCEEDED, {key: 'key-2'}), 'lost');
			same(await stored(), first, 'what is stored');
		},
	},
];
