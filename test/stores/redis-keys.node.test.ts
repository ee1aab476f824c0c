import {afterAll, beforeAll, beforeEach, describe, expect, test} from 'vitest';
import {placeOf} from '../../src/stores/redis/record.ts';
import {redisStore, type RedisSender} from '../../src/stores/redis.ts';
import type {ClaimResult, Settlement, Store} from '../../src/stores/store.ts';
import {anyRedis, type RedisEngine} from '../support/redis-server.ts';
import {claimOf, ID} from './claim-of.ts';
import {agingOn, type Aging} from './redis-aging.ts';
import {adapter, ioredis, nodeRedis, type Counting} from './redis-clients.ts';
import {recordsIn} from '../support/records.ts';

const DAY = 86_400_000;
const LEASE = {key: 'key-1', owner: 'ann', token: 1};
const SUCCESS: Settlement = {
	...LEASE,
	state: {status: 'succeeded', httpStatus: 201},
	fenced: false,
	keepAnswer: false,
	answer: {status: 201, statusText: 'Created', headers: [], body: new Uint8Array([0, 255]), url: 'https://api.test/'},
};

let engine: RedisEngine;
let admin: Awaited<ReturnType<typeof nodeRedis>>;
let counting: Counting;
let prefix: string;
let store: Store;
let aging: Aging;
let op: string;
let answer: string;
let index: string;

beforeAll(async () => {
	engine = await anyRedis();
	admin = await nodeRedis(engine.url);
	counting = await adapter(engine.url);
});
afterAll(async () => {
	admin.close();
	counting.close();
	await engine.close();
});

beforeEach(() => {
	prefix = engine.freshPrefix();
	store = redisStore({client: counting.client, prefix});
	aging = agingOn([engine.url], prefix);
	[op, answer, index] = placeOf(prefix, ID).keys;
});

/** Commands that the step sends, when the scripts are known to the server. */
async function sentBy(step: () => unknown): Promise<string[]> {
	const before = counting.sent.length;
	await step();
	return counting.sent.slice(before);
}

/** Names whose records share an index with that of `ID`. */
function neighbours(): string[] {
	const names = Array.from({length: 200}, (_, i) => `neighbour-${i}`);
	return names.filter(name => placeOf(prefix, {...ID, name}).keys[2] === index);
}

describe('what expires', () => {
	test('an open record and its index never do', async () => {
		await store.claim(ID, claimOf());
		expect([await admin.client.pTTL(op), await admin.client.pTTL(index)]).toEqual([-1, -1]);
		await store.settle(ID, {...SUCCESS, state: {status: 'unknown'}, fenced: true});
		expect([await admin.client.pTTL(op), await admin.client.pTTL(index)]).toEqual([-1, -1]);
	});

	test('a settled record does, and the index with the last of its records', async () => {
		const [neighbour = ''] = neighbours();
		await store.claim(ID, claimOf());
		await store.claim({...ID, name: neighbour}, claimOf());
		await store.settle(ID, SUCCESS);
		expect(await admin.client.pTTL(op)).toBeGreaterThan(90 * DAY - 60_000);
		expect(await admin.client.pTTL(op)).toBeLessThanOrEqual(90 * DAY);
		expect(await admin.client.pTTL(index)).toBe(-1);
		await store.settle({...ID, name: neighbour}, {...SUCCESS, state: {status: 'refused'}});
		expect(await admin.client.pTTL(index)).toBeGreaterThan(90 * DAY - 60_000);
		await aging.elapse(90 * DAY);
		expect(await admin.client.keys(`${prefix}:*`)).toEqual([]);
	});

	test('a record that begins anew does no more', async () => {
		await store.claim(ID, claimOf());
		await store.settle(ID, {...SUCCESS, state: {status: 'refused'}});
		expect(await admin.client.pTTL(op)).toBeGreaterThan(0);
		await store.claim(ID, claimOf({key: 'key-2'}));
		expect([await admin.client.pTTL(op), await admin.client.pTTL(index)]).toEqual([-1, -1]);
	});

	test('an index that was to go stays for a record that begins in it', async () => {
		const [neighbour = ''] = neighbours();
		await store.claim(ID, claimOf());
		await store.settle(ID, SUCCESS);
		expect(await admin.client.pTTL(index)).toBeGreaterThan(0);
		await store.claim({...ID, name: neighbour}, claimOf());
		expect(await admin.client.pTTL(index)).toBe(-1);
	});

	test('index entries of records that have expired are trimmed by those that begin', async () => {
		const [gone = '', ...next] = neighbours().slice(0, 3);
		await store.claim(ID, claimOf());
		await store.claim({...ID, name: gone}, claimOf());
		await store.settle({...ID, name: gone}, {...SUCCESS, state: {status: 'refused'}});
		await aging.elapse(8 * DAY);
		expect(await admin.client.zCard(index)).toBe(2);
		for (const name of next) await store.claim({...ID, name}, claimOf());
		expect(await admin.client.zRange(index, 0, -1)).not.toContain(placeOf(prefix, {...ID, name: gone}).id);
	});

	test('a sweep has nothing to do', async () => {
		await store.claim(ID, claimOf());
		await store.settle(ID, SUCCESS);
		await aging.elapse(91 * DAY);
		expect(await sentBy(() => store.sweep())).toEqual([]);
		expect(await store.sweep()).toBe(0);
		expect(await store.list(ID.scope)).toEqual([]);
	});
});

describe('answers at rest', () => {
	test('one that nobody waits for is not even sent', async () => {
		await store.claim(ID, claimOf());
		const spy = {
			...SUCCESS,
			get answer(): never {
				throw new Error('it was read');
			},
		};
		await store.settle(ID, spy);
		expect(await admin.client.exists(answer)).toBe(0);
	});

	test('one that is waited for vanishes within its minute', async () => {
		await store.claim(ID, claimOf());
		await store.claim(ID, claimOf({owner: 'bob'}));
		await store.settle(ID, SUCCESS);
		const left = await admin.client.pTTL(answer);
		expect(left).toBeGreaterThan(50_000);
		expect(left).toBeLessThanOrEqual(60_000);
		await aging.elapse(60_000);
		expect(await admin.client.exists([answer, op])).toBe(1);
		const [record] = await recordsIn(store, ID.scope, ID.name);
		expect([record?.answer, record?.answerUntil]).toEqual([undefined, undefined]);
	});

	test('one that is kept stays as long as its record, and goes when that is freed', async () => {
		await store.claim(ID, claimOf());
		await store.settle(ID, {...SUCCESS, keepAnswer: true});
		expect(await admin.client.pExpireTime(answer)).toBe(await admin.client.pExpireTime(op));
		await store.forget(ID, {key: 'key-1', how: 'complete'});
		expect(await admin.client.exists(answer)).toBe(0);
	});

	test('one that is left of a record that was lost is not given for the next', async () => {
		await store.claim(ID, claimOf());
		await store.settle(ID, {...SUCCESS, keepAnswer: true});
		await admin.client.del(op);
		await store.claim(ID, claimOf({key: 'key-2'}));
		expect((await recordsIn(store, ID.scope, ID.name))[0]?.answer).toBeUndefined();
		await store.settle(ID, {...SUCCESS, key: 'key-2'});
		expect((await recordsIn(store, ID.scope, ID.name))[0]?.answer).toBeUndefined();
	});
});

describe('round trips', () => {
	beforeAll(async () => {
		const warm = redisStore({client: counting.client, prefix: engine.freshPrefix()});
		await warm.claim(ID, claimOf());
		await warm.claim(ID, claimOf({owner: 'bob'}));
		await warm.renew(ID, {...LEASE, lease: 1});
		await warm.settle(ID, SUCCESS);
		await warm.list(ID.scope, ID.name);
	});

	test('beginning, renewing and settling take one each', async () => {
		const begin = await sentBy(async () => store.claim(ID, claimOf()));
		const renew = await sentBy(async () => store.renew(ID, {...LEASE, lease: 1_000}));
		const settle = await sentBy(async () => store.settle(ID, SUCCESS));
		expect([begin, renew, settle]).toEqual([['EVALSHA'], ['EVALSHA'], ['EVALSHA']]);
	});

	test('what a step finds instead costs no second look', async () => {
		await store.claim(ID, claimOf());
		const busy = await sentBy(async () => store.claim(ID, claimOf({owner: 'bob'})));
		const polled = await sentBy(async () => store.claim(ID, claimOf({owner: 'bob'})));
		const lost = await sentBy(async () => store.renew(ID, {...LEASE, owner: 'bob', lease: 1_000}));
		const settle = await sentBy(async () => store.settle(ID, SUCCESS));
		expect([busy, polled, lost, settle].map(({length}) => length)).toEqual([2, 1, 1, 2]);
	});

	test('an answer that is kept anyway is sent at once, whether it is waited for or not', async () => {
		await store.claim(ID, claimOf());
		await store.claim(ID, claimOf({owner: 'bob'}));
		expect(await sentBy(async () => store.settle(ID, {...SUCCESS, keepAnswer: true}))).toEqual(['EVALSHA']);
		expect(await recordsIn(store, ID.scope, ID.name)).toMatchObject([{answer: SUCCESS.answer}]);
	});
});

describe('scripts', () => {
	test('are sent again when the server has forgotten them', async () => {
		await store.claim(ID, claimOf());
		await admin.client.scriptFlush();
		const sent = await sentBy(async () => store.settle(ID, SUCCESS));
		expect(sent).toEqual(['EVALSHA', 'EVAL']);
		expect(await recordsIn(store, ID.scope, ID.name)).toMatchObject([{state: SUCCESS.state}]);
	});

	test('a claim that runs on three connections at once is granted to one', async () => {
		const other = await ioredis(engine.url);
		const stores = [admin.client, other.client, counting.client].map(client => redisStore({client, prefix}));
		const claims = Array.from({length: 60}, async (_, i) =>
			stores[i % 3]!.claim(ID, claimOf({owner: `owner-${i}`, key: `key-${i}`})),
		);
		const results = await Promise.all(claims);
		expect(results.filter(({status}) => status === 'claimed')).toHaveLength(1);
		expect(new Set(results.map(result => 'record' in result && result.record.key)).size).toBe(1);
		other.close();
	});

	/** A store between whose look and write something else happens. */
	function interruptedBy(step: () => Promise<unknown>): Store {
		let commands = 0;
		const send: RedisSender['send'] = async (key, args) => {
			if (++commands === 2) await step();
			return counting.client.send(key, args);
		};
		return redisStore({prefix, client: {send}});
	}

	test('an outcome that was written between the look and the write is not overwritten', async () => {
		await store.claim(ID, claimOf());
		const interrupted = interruptedBy(async () => store.settle(ID, SUCCESS));
		expect(await interrupted.claim(ID, claimOf({owner: 'bob'}))).toMatchObject({status: 'settled'});
		expect(await recordsIn(store, ID.scope, ID.name)).toMatchObject([{state: SUCCESS.state, awaited: false}]);
	});

	test('a record that was lost and begun again is not taken for the one that was seen', async () => {
		await store.claim(ID, claimOf());
		const interrupted = interruptedBy(async () => {
			await admin.client.del(op);
			await store.claim(ID, claimOf({key: 'key-2'}));
		});
		const freed = await interrupted.forget(ID, {key: 'key-1', how: 'force'});
		expect(freed).toMatchObject({status: 'changed', record: {key: 'key-2', freed: false}});
	});
});

test('the time of the last change never steps back, so that a clock that was set back shows', async () => {
	const {record} = (await store.claim(ID, claimOf())) as Extract<ClaimResult, {status: 'claimed'}>;
	const ahead = record.updatedAt + DAY;
	await admin.client.hSet(op, 'updated_at', ahead);
	expect(await store.renew(ID, {...LEASE, lease: 1_000})).toMatchObject({record: {updatedAt: ahead}});
	expect(await store.settle(ID, SUCCESS)).toMatchObject({record: {updatedAt: ahead}});
});

describe('the index', () => {
	test('an entry without a record goes when it is read, and never one with a record', async () => {
		await store.claim(ID, claimOf());
		await admin.client.del(op);
		expect(await store.list(ID.scope)).toEqual([]);
		expect(await admin.client.exists(index)).toBe(0);
		await store.claim(ID, claimOf());
		await store.list(ID.scope);
		expect(await store.list(ID.scope)).toHaveLength(1);
	});

	test('a scope of many records is listed whole', async () => {
		const names = Array.from({length: 600}, (_, i) => `operation-${i}`);
		await Promise.all(names.map(async name => store.claim({...ID, name}, claimOf())));
		expect(new Set((await recordsIn(store, ID.scope)).map(({name}) => name))).toEqual(new Set(names));
	});
});

test('hostile names and scopes are kept apart, and come back as they were', async () => {
	const hostile = ['\ud800', '\udbff', '\\ud800', '\ufffd', `${'💳'.repeat(2_500)}\udfff`, '💳'.repeat(2_500), '{a}b'];
	for (const scope of hostile) for (const name of hostile) await store.claim({scope, name}, claimOf());
	for (const scope of hostile) {
		const listed = await recordsIn(store, scope);
		expect(listed.map(record => record.scope)).toEqual(hostile.map(() => scope));
		expect(listed.map(({name}) => name).toSorted()).toEqual(hostile.toSorted());
	}
});
