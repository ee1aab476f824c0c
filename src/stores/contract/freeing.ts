import type {ContractTest} from './bench.ts';
import {DAY} from './bench.ts';
import {answered, same} from './check.ts';

/** Freeing an operation, so that its name may begin anew. */
export const freeTests: readonly ContractTest[] = [
	{
		title: 'forget: `complete` frees a success, and nothing else',
		async run({begin, settle, free, claim}) {
			const first = await begin();
			answered(await free('complete'), 'open');
			await settle(first, {status: 'unknown'});
			answered(await free('complete'), 'open');
			await settle(first, {status: 'refused'});
			answered(await free('complete'), 'open');
			await settle(first, {status: 'succeeded'});
			same(answered(await free('complete'), 'freed').record.freed, true, 'freed');
			same(answered(await claim({key: 'key-2'}), 'claimed').record.key, 'key-2', 'the next key');
		},
	},
	{
		title: 'forget: `forget` frees what is settled, and leaves alone what is open',
		async run({begin, settle, free, stored}) {
			const first = await begin();
			answered(await free('forget'), 'open');
			same(await stored(), first, 'what is stored');
			await settle(first, {status: 'unknown', final: true});
			answered(await free('forget'), 'open');
			await settle(first, {status: 'mismatched'});
			answered(await free('forget'), 'freed');
		},
	},
	{
		title: 'forget: `force` frees even what somebody is at, whose lease is then lost',
		async run({begin, free, store, id}) {
			const first = await begin();
			const {record} = answered(await free('force'), 'freed');
			same([record.freed, record.owner, record.leaseUntil], [true, '', 0], 'freed, owner, lease');
			answered(await store.renew(id, {...first, lease: 1}), 'lost');
			same((await begin({owner: 'bob', key: 'key-2'})).key, 'key-2', 'the next key');
		},
	},
	{
		title: 'forget: under another key, or where there is no record, it changes nothing and says so',
		async run({begin, settle, free, stored}) {
			same(answered(await free('force'), 'changed').record, undefined, 'the record');
			await settle(await begin(), {status: 'succeeded'});
			const before = await stored();
			for (const how of ['complete', 'forget', 'force'] as const)
				same(answered(await free(how, 'key-2'), 'changed').record, before, 'the record');
			same(await stored(), before, 'what is stored');
		},
	},
	{
		title: 'forget: the record stays for 7 days with its key',
		async run({begin, settle, free, stored}) {
			await settle(await begin(), {status: 'succeeded'});
			const {record} = answered(await free('forget'), 'freed');
			same([record.key, record.owner, record.leaseUntil], ['key-1', '', 0], 'key, owner, lease');
			same((record.keepUntil ?? 0) - record.updatedAt, 7 * DAY, 'how long it stays');
			same(await stored(), record, 'what is stored');
		},
	},
	{
		title: 'forget: a late success is still written down, and does not bring the operation back',
		async run({begin, settle, free, claim}) {
			const first = await begin();
			const freed = answered(await free('force'), 'freed').record;
			const {record} = answered(await settle(first, {status: 'succeeded', httpStatus: 201}), 'done');
			same([record.freed, record.state], [true, {status: 'succeeded', httpStatus: 201}], 'freed and state');
			same(record.keepUntil, freed.keepUntil, 'how long it stays');
			same(answered(await claim({key: 'key-2'}), 'claimed').record.key, 'key-2', 'the next key');
		},
	},
	{
		title: 'forget: a late success does not touch the operation that came after',
		async run({begin, settle, free, stored}) {
			const first = await begin();
			await free('force');
			const second = await begin({key: 'key-2'});
			same(answered(await settle(first, {status: 'succeeded'}), 'lost').record, second, 'the answer');
			same(await stored(), second, 'what is stored');
		},
	},
];
