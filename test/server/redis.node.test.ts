import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {entryContract} from '../../src/server/contract.ts';
import {idempotent} from '../../src/server/index.ts';
import {redisEntries} from '../../src/server/redis.ts';
import {agingOn, type Aging} from '../stores/redis-aging.ts';
import {adapter, ioredis, nodeRedis, type Connection} from '../stores/redis-clients.ts';
import {anyRedis, type RedisEngine} from '../support/redis-server.ts';
import {crowdTests} from './crowd.ts';
import {payment} from './shop.ts';

let engine: RedisEngine;
beforeAll(async () => {
	engine = await anyRedis();
});
afterAll(async () => engine.close());

describe.each([
	['node-redis', nodeRedis],
	['ioredis', ioredis],
])('redis entries on %s', (_, connect) => {
	let connection: Connection;
	let other: Connection;
	let aging: Aging;
	beforeAll(async () => {
		connection = await connect(engine.url);
		other = await connect(engine.url);
	});
	afterAll(() => {
		connection.close();
		other.close();
	});

	entryContract({
		test,
		makeStore() {
			const prefix = engine.freshPrefix();
			aging = agingOn([engine.url], prefix);
			return redisEntries({client: connection.client, prefix});
		},
		elapse: async ms => aging.elapse(ms),
	});

	describe('over two connections', () => {
		const prefix = crypto.randomUUID();
		crowdTests(
			() => redisEntries({client: connection.client, prefix}),
			() => redisEntries({client: other.client, prefix}),
		);
	});
});

test('a run takes two round trips', async () => {
	const {client, sent, close} = await adapter(engine.url);
	const store = redisEntries({client, prefix: engine.freshPrefix()});
	const guard = idempotent(() => new Response('ok'), {store, scope: null});
	await guard(payment({key: 'warm'}));
	sent.splice(0);
	await guard(payment());
	expect(sent).toEqual(['EVALSHA', 'EVALSHA']);
	close();
});

test('what cannot be read is no key that is free', async () => {
	const {client, close} = await nodeRedis(engine.url);
	const prefix = engine.freshPrefix();
	const store = redisEntries({client, prefix});
	const id = 'a'.repeat(64);
	const subject = {guard: '', scope: '', method: 'POST', path: '/', key: 'k'};
	const asked = {subject, fingerprint: 'p', owner: 'ann', lease: 1_000, mayHaveActed: true, onLapsed: 'doubt'} as const;
	await store.begin(id, asked);
	const place = `${prefix}:{guard:a}:entry:${id}`;
	await client.set(place, (await client.get(place))?.replace('"version":1', '"version":2') ?? '');
	await expect(store.begin(id, asked)).rejects.toThrow('cannot be read');
	close();
});

test.each([undefined, {}, {client: {}}, {client: {send: () => undefined}, prefix: 'a b'}])('%o is refused', options => {
	expect(() => redisEntries(options as never)).toThrow(/^latchkey: /);
});
