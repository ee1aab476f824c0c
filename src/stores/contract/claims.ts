import type {ContractTest} from './bench.ts';
import {DAY, SUITE_LEASE} from './bench.ts';
import {answered, holds, same} from './check.ts';

/** Beginning an operation, and what a claim finds of an earlier one. */
export const claimTests: readonly ContractTest[] = [
	{
		title: 'claim: a first claim begins the operation under the offered key',
		async run({claim, stored, id}) {
			const {record, now} = answered(await claim(), 'claimed');
			const {token, createdAt, updatedAt, ...rest} = record;
			same(
				rest,
				{
					version: 1,
					...id,
					key: 'key-1',
					fingerprint: 'print-1',
					state: {status: 'sending'},
					freed: false,
					ambiguous: false,
					owner: 'ann',
					leaseUntil: now + SUITE_LEASE,
					keyUntil: now + DAY,
					awaited: false,
				},
				'the record',
			);
			holds(token >= 1, 'a first token is at least 1');
			same([createdAt, updatedAt], [now, now], 'the times');
			same(await stored(), record, 'what is stored');
		},
	},
	{
		title: 'claim: the same owner claims again under the same token, and the stored key wins over its candidate',
		async run({begin}) {
			const first = await begin();
			const again = await begin({key: 'key-2'});
			same([again.key, again.token], ['key-1', first.token], 'key and token');
			same(again.ambiguous, false, 'ambiguous');
		},
	},
	{
		title: 'claim: the same owner says that the key may have been sent, and the record is ambiguous from there',
		async run({begin, stored}) {
			await begin();
			const again = await begin({ambiguous: true});
			same([again.key, again.token, again.ambiguous], ['key-1', 1, true], 'key, token and ambiguous');
			same((await begin()).ambiguous, true, 'ambiguous, claimed again');
			same((await stored())?.ambiguous, true, 'what is stored');
		},
	},
	{
		title: 'claim: the hash of the bytes stays that of the first claim',
		async run({begin, claim, settle}) {
			const first = await begin({bytes: 'bytes-1'});
			same(first.bytes, 'bytes-1', 'the hash');
			same((await begin({bytes: 'bytes-2'})).bytes, 'bytes-1', 'the hash, claimed again');
			same((await begin({bytes: 'bytes-2', owner: 'bob', takeFrom: 'ann'})).bytes, 'bytes-1', 'the hash, taken over');
			await settle(first, {status: 'refused'});
			same(answered(await claim({key: 'key-2'}), 'claimed').record.bytes, undefined, 'the hash of the next operation');
		},
	},
	{
		title: 'claim: another owner is busy while the lease holds, and marks the record as awaited',
		async run({begin, claim, stored}) {
			const first = await begin();
			const {record} = answered(await claim({owner: 'bob', key: 'key-2'}), 'busy');
			same(record, {...first, awaited: true}, 'the answer');
			same(await stored(), {...first, awaited: true}, 'what is stored');
		},
	},
	{
		title: 'claim: of 50 at once one begins, and all the others are busy with its key',
		async run({claim}) {
			const claims = Array.from({length: 50}, (_, i) => claim({owner: `owner-${i}`, key: `key-${i}`}));
			const results = await Promise.all(claims);
			const claimed = results.filter(({status}) => status === 'claimed');
			const busy = results.filter(result => result.status === 'busy');
			same([claimed.length, busy.length], [1, 49], 'claimed and busy');
			const keys = new Set(results.map(result => 'record' in result && result.record.key));
			same(keys.size, 1, 'the number of keys');
		},
	},
	{
		title: 'claim: of 50 at once one takes over an operation in doubt, and all the others are busy with its key',
		async run({begin, claim, settle, stored}) {
			await settle(await begin(), {status: 'unknown'}, {fenced: true});
			const claims = Array.from({length: 50}, (_, i) => claim({owner: `owner-${i}`, key: `other-${i}`}));
			const results = await Promise.all(claims);
			const owners = results.flatMap(result => (result.status === 'claimed' ? [result.record.owner] : []));
			same(owners.length, 1, 'the number of owners');
			const keys = new Set(results.map(result => 'record' in result && result.record.key));
			same([...keys], ['key-1'], 'the keys');
			const record = await stored();
			same([record?.owner, record?.ambiguous, record?.awaited], [owners[0], true, true], 'what is stored');
		},
	},
	{
		title: 'claim: another fingerprint is a mismatch even while another owner is at it, and writes nothing',
		async run({begin, claim, stored}) {
			const first = await begin();
			const {record} = answered(await claim({owner: 'bob', fingerprint: 'print-2'}), 'mismatch');
			same(record.key, 'key-1', 'the key of the answer');
			same(await stored(), first, 'what is stored');
		},
	},
	{
		title: 'claim: another fingerprint is a mismatch for the owner itself, in doubt, and after a success',
		async run({begin, claim, settle}) {
			const first = await begin();
			answered(await claim({fingerprint: 'print-2'}), 'mismatch');
			await settle(first, {status: 'unknown'});
			answered(await claim({fingerprint: 'print-2'}), 'mismatch');
			await settle(first, {status: 'succeeded'});
			answered(await claim({fingerprint: 'print-2'}), 'mismatch');
		},
	},
	{
		title: 'claim: a refused or freed operation begins anew, whatever the fingerprint was',
		async run({begin, settle, free}) {
			const first = await begin();
			await settle(first, {status: 'refused', httpStatus: 402});
			const second = await begin({owner: 'bob', key: 'key-2', fingerprint: 'print-2'});
			same([second.key, second.fingerprint, second.ambiguous], ['key-2', 'print-2', false], 'after a refusal');
			holds(second.token > first.token, 'the token grows');

			await free('force', 'key-2');
			const third = await begin({key: 'key-3', fingerprint: 'print-3'});
			same([third.key, third.fingerprint, third.freed], ['key-3', 'print-3', false], 'after it was freed');
			same(third.keepUntil, undefined, 'keepUntil of an open record');
			holds(third.token > second.token, 'the token grows again');
		},
	},
	{
		title: 'claim: what succeeded or was mismatched is answered as settled, with its status',
		async run({begin, claim, settle}) {
			const first = await begin();
			await settle(first, {status: 'mismatched', httpStatus: 422});
			const mismatched = answered(await claim({owner: 'bob', key: 'key-2'}), 'settled').record;
			same(mismatched.state, {status: 'mismatched', httpStatus: 422}, 'the state');
			await settle(first, {status: 'succeeded', httpStatus: 201});
			const succeeded = answered(await claim({owner: 'bob', key: 'key-2'}), 'settled').record;
			same(succeeded.state, {status: 'succeeded', httpStatus: 201}, 'the state');
			same(succeeded.key, 'key-1', 'the key');
		},
	},
	{
		title: 'claim: who waited for a key is told of its refusal or freeing, and does not begin anew',
		async run({begin, claim, settle, free}) {
			await settle(await begin(), {status: 'refused', httpStatus: 402});
			const waiter = {owner: 'bob', key: 'key-2', awaited: 'key-1'};
			const refused = answered(await claim(waiter), 'settled').record;
			same([refused.key, refused.state], ['key-1', {status: 'refused', httpStatus: 402}], 'the refusal');
			await free('forget');
			same(answered(await claim(waiter), 'settled').record.freed, true, 'freed');
			same((await begin({...waiter, awaited: 'key-0'})).key, 'key-2', 'the key, when another one was awaited');
		},
	},
	{
		title: 'claim: a free operation does not begin under the key that it had before',
		async run({begin, claim, settle, free, stored}) {
			await settle(await begin(), {status: 'refused'});
			same(answered(await claim({owner: 'bob'}), 'key-used').previousKey, 'key-1', 'the previous key');
			same((await stored())?.state, {status: 'refused'}, 'what is stored');
			await free('forget');
			answered(await claim({owner: 'bob'}), 'key-used');
		},
	},
	{
		title: 'claim: a key that was derived from another previous key is not used',
		async run({begin, claim, settle}) {
			const none = answered(await claim({previousKey: 'key-0'}), 'key-used');
			same(none.previousKey, null, 'the previous key of an operation that never was');
			const first = await begin({previousKey: null});
			answered(await claim({previousKey: 'key-0'}), 'claimed');
			await settle(first, {status: 'refused'});
			const stale = answered(await claim({key: 'key-2', previousKey: null}), 'key-used');
			same(stale.previousKey, 'key-1', 'the previous key');
			same((await begin({key: 'key-2', previousKey: 'key-1'})).key, 'key-2', 'the key');
		},
	},
];
