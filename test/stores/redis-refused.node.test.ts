import {Redis} from 'ioredis';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {redisStore, type RedisClient} from '../../src/stores/redis.ts';
import {startRedis, type RedisServer} from '../support/redis-server.ts';
import {claimOf, ID} from './claim-of.ts';
import {nodeRedis} from './redis-clients.ts';

let redis: RedisServer;
let admin: Awaited<ReturnType<typeof nodeRedis>>;
beforeAll(async () => {
	redis = await startRedis('--appendonly', 'no', '--requirepass', 'secret');
	admin = await nodeRedis(urlFor('default', 'secret'));
});
afterAll(async () => {
	admin.close();
	await redis.close();
});

function urlFor(user: string, password: string): string {
	return redis.url.replace('//', `//${user}:${password}@`);
}

async function claimOn(client: RedisClient, prefix: string) {
	return redisStore({client, prefix}).claim(ID, claimOf());
}

describe('what the server refuses is told, with what to do', () => {
	test.each([
		['without a password', () => redis.url],
		['with a wrong password', () => urlFor('default', 'wrong')],
	])('a client %s', async (_, url) => {
		const client = new Redis(url()).on('error', () => undefined);
		await expect(claimOn(client, 'a')).rejects.toThrow(/^Redis: (NOAUTH|WRONGPASS) .*: give the client the right/);
		client.disconnect();
	});

	test('a user who may not', async () => {
		await admin.client.aclSetUser('weak', ['on', '>pass', '~others:*', '+@all']);
		const {client, close} = await nodeRedis(urlFor('weak', 'pass'));
		await expect(claimOn(client, 'a')).rejects.toThrow(/^Redis: NOPERM .*: let the user run/);
		expect(await claimOn(client, 'others')).toMatchObject({status: 'claimed'});
		close();
	});

	test('a replica, and it works as soon as that is a primary', async () => {
		await admin.client.sendCommand(['REPLICAOF', '127.0.0.1', '1']);
		await expect(claimOn(admin.client, 'replica')).rejects.toThrow(/^Redis: READONLY .*: connect it to the primary$/);
		await admin.client.sendCommand(['REPLICAOF', 'NO', 'ONE']);
		expect(await claimOn(admin.client, 'replica')).toMatchObject({status: 'claimed'});
	});

	test('a server that is full, and it works as soon as there is room', async () => {
		await admin.client.configSet('maxmemory', '1');
		await expect(claimOn(admin.client, 'full')).rejects.toThrow(/^Redis: OOM .*: give it more memory$/);
		await admin.client.configSet('maxmemory', '0');
		expect(await claimOn(admin.client, 'full')).toMatchObject({status: 'claimed'});
	});
});

describe('what the client fails with is told', () => {
	test('a client that was closed', async () => {
		const {client, close} = await nodeRedis(urlFor('default', 'secret'));
		close();
		await expect(claimOn(client, 'a')).rejects.toThrow(
			'Redis: The client is closed: call connect() on the client first',
		);
	});

	test.each([
		['nothing but a code', Object.assign(new AggregateError([]), {code: 'ECONNREFUSED'}), 'Redis: ECONNREFUSED'],
		['a name alone', new RangeError(), 'Redis: RangeError'],
		['words', new Error('It broke.'), 'Redis: It broke'],
		['no error', 'broken', 'Redis: "broken"'],
	])('with %s', async (_, error, message) => {
		const client: RedisClient = {
			send() {
				throw error;
			},
		};
		await expect(claimOn(client, 'a')).rejects.toThrow(expect.objectContaining({message, cause: error}));
	});
});
