import {afterAll, beforeAll, beforeEach, describe, expect, test} from 'vitest';
import {placeOf} from '../../src/stores/redis/record.ts';
import {redisStore, type RedisClient} from '../../src/stores/redis.ts';
import type {Store} from '../../src/stores/store.ts';
import {anyRedis, type RedisEngine} from '../support/redis-server.ts';
import {claimOf, ID} from './claim-of.ts';
import {nodeRedis} from './redis-clients.ts';

let engine: RedisEngine;
let admin: Awaited<ReturnType<typeof nodeRedis>>;
let store: Store;
let op: string;
let answer: string;
let index: string;
let prefix: string;

beforeAll(async () => {
	engine = await anyRedis();
	admin = await nodeRedis(engine.url);
});
afterAll(async () => {
	admin.close();
	await engine.close();
});
beforeEach(() => {
	prefix = engine.freshPrefix();
	store = redisStore({client: admin.client, prefix});
	[op, answer, index] = placeOf(prefix, ID).keys;
});

const lease = {key: 'key-1', owner: 'ann', token: 1};
const steps: ReadonlyArray<readonly [string, () => unknown]> = [
	['claim', () => store.claim(ID, claimOf())],
	['renew', () => store.renew(ID, {...lease, lease: 1})],
	['settle', () => store.settle(ID, {...lease, state: {status: 'succeeded'}, fenced: false, keepAnswer: false})],
	['doubt', () => store.settle(ID, {...lease, state: {status: 'unknown'}, fenced: true, keepAnswer: false})],
	['forget', () => store.forget(ID, {key: 'key-1', how: 'force'})],
	['list of one', () => store.list(ID.scope, ID.name)],
];

describe.each(steps)('%s', (_, step) => {
	test('of a record of a later release throws, says so, and changes nothing', async () => {
		await store.claim(ID, claimOf());
		await admin.client.hSet(op, {version: '2', novelty: 'x'});
		const before = await admin.client.hGetAll(op);
		await expect(step()).rejects.toThrow(
			new TypeError(`the record under ${op} cannot be read: it has version 2, this release knows 1`),
		);
		expect(await admin.client.hGetAll(op)).toEqual(before);
		expect(await admin.client.pTTL(op)).toBe(-1);
	});

	test('of garbage throws, and changes nothing', async () => {
		await admin.client.hSet(op, {version: '1', status: 'sending', key: 'key-1', owner: 'ann'});
		await expect(step()).rejects.toThrow(`the record under ${op} cannot be read`);
		expect(Object.keys(await admin.client.hGetAll(op))).toHaveLength(4);
	});

	test('says what to do where something else is kept under its key, and leaves it alone', async () => {
		await admin.client.set(op, 'precious');
		await expect(step()).rejects.toThrow(/^Redis: WRONGTYPE .*give the store another prefix$/);
		expect(await admin.client.get(op)).toBe('precious');
	});
});

describe('a list of the scope', () => {
	const sound = {...ID, name: '["sound"]'};

	test.each<[what: string, spoil: () => Promise<unknown>, words: string]>([
		['of a later release', async () => admin.client.hSet(op, 'version', '2'), 'version 2'],
		['that is no hash', async () => admin.client.set(op, 'precious'), 'WRONGTYPE'],
		['whose answer is a list', async () => admin.client.lPush(answer, 'precious'), 'WRONGTYPE'],
	])(
		'gives the others beside one %s, which says why it cannot be read when it is looked at',
		async (_, spoil, words) => {
			await store.claim(sound, claimOf());
			await store.claim(ID, claimOf());
			await spoil();
			for (const open of [false, true]) {
				const read = (await store.list(ID.scope, undefined, open)).map(listed => () => listed.record.name);
				const told = await Promise.allSettled(read.map(async name => name()));
				expect(told).toHaveLength(2);
				expect(told).toContainEqual({status: 'fulfilled', value: sound.name});
				const problem = expect.objectContaining({message: expect.stringContaining(words)});
				expect(told).toContainEqual({status: 'rejected', reason: problem});
			}
		},
	);

	test('ends where the connection does, rather than call every record unreadable', async () => {
		await store.claim(ID, claimOf());
		const client: RedisClient = {
			async send(_, args) {
				if (args[0] === 'EVALSHA') throw new Error('connection lost');
				return admin.client.sendCommand([...args]);
			},
		};
		await expect(redisStore({client, prefix}).list(ID.scope)).rejects.toThrow('Redis: connection lost');
	});
});

test('an index that is something else is told as such', async () => {
	await admin.client.set(index, 'precious');
	await expect(store.list(ID.scope)).rejects.toThrow(/^Redis: WRONGTYPE .*give the store another prefix$/);
});

test.each([
	['OK', 'the Redis client gave "OK" where a list was to come'],
	[undefined, 'the Redis client gave undefined where a list was to come'],
	[[], 'the Redis client gave an empty list where a reply was to come'],
])('a client that gives %j is told as such', async (reply, message) => {
	const client: RedisClient = {send: async () => reply};
	await expect(redisStore({client}).claim(ID, claimOf())).rejects.toThrow(message);
});
