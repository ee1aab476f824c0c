import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, test} from 'vitest';
import {environment} from '../../src/environment.ts';
import type {MaybePromise} from '../../src/utils.ts';
import {outcomeOf} from '../../src/operation/outcome.ts';
import type {FetchOptions} from '../../src/options.ts';
import {redisStore, redisStoreIn} from '../../src/stores/redis.ts';
import type {Store} from '../../src/stores/store.ts';
import {handTimer, realm} from '../http/realm.ts';
import {fakeServer, lose, type FakeServer} from '../support/fake-server.ts';
import {startRedis, type RedisServer} from '../support/redis-server.ts';
import {claimOf, ID} from './claim-of.ts';
import {ioredis, nodeRedis} from './redis-clients.ts';
import {recordsIn} from '../support/records.ts';
import {eventually} from '../support/eventually.ts';

const TIMEOUT = 1_234;
/** When the core first tries again to write down an outcome. */
const BACKGROUND = 500;

let redis: RedisServer;
beforeAll(async () => {
	redis = await startRedis();
});
afterAll(async () => redis.close());

/** What it failed with. */
async function failureOf(step: MaybePromise<unknown>): Promise<string> {
	try {
		await step;
		return 'nothing';
	} catch (error) {
		return (error as Error).message;
	}
}

let count = 0;
const commands = handTimer(TIMEOUT);
const background = handTimer(BACKGROUND);

describe.each([
	['node-redis', nodeRedis],
	['ioredis', ioredis],
])('%s, while the server is down', (_, connect) => {
	let connection: Awaited<ReturnType<typeof connect>>;
	let store: Store;
	let shop: FakeServer;

	beforeEach(async () => {
		connection = await connect(redis.url);
		store = redisStoreIn(commands, {client: connection.client, prefix: `down-${++count}`, commandTimeout: TIMEOUT});
		shop = fakeServer(environment);
	});
	afterEach(() => {
		connection.close();
	});

	function open(options: FetchOptions = {}) {
		const {fetch, events} = realm({store, fetch: shop.fetch, ...options}, background);
		const pay = async () =>
			outcomeOf(fetch('https://shop.test/orders', {method: 'POST', body: '42', operation: ['checkout', '42']}));
		return {pay, types: () => events.map(({type}) => type)};
	}

	async function goDown() {
		await redis.kill();
		await eventually(() => expect(connection.isReady()).toBe(false));
	}

	async function comeBack() {
		await redis.restart();
		await eventually(() => expect(connection.isReady()).toBe(true));
	}

	async function stored() {
		const [record] = await recordsIn(store, '', '["checkout","42"]');
		return record?.state.status;
	}

	test('a call is refused in time and before it is sent, and goes on under its key when the server is back', async () => {
		shop.script(lose);
		const {pay} = open({retry: 0});
		expect(await pay()).toMatchObject({outcome: 'unknown', attempts: 1});

		await goDown();
		const refused = pay();
		await commands.fire();
		const {outcome, error} = await refused;
		expect(outcome).toBe('unknown');
		expect(error).toMatchObject({
			code: 'STORE_FAILED',
			message: expect.stringContaining(`Redis: no answer within ${TIMEOUT} ms; is the server up`),
		});
		expect(shop.requests).toHaveLength(1);

		await comeBack();
		expect(await pay()).toMatchObject({outcome: 'succeeded'});
		expect(shop.requests).toHaveLength(2);
		expect(new Set(shop.keys()).size).toBe(1);
		expect(shop.charges()).toBe(1);
	});

	test('with `degrade` it goes on, tells so, has one effect, and writes that down when the server is back', async () => {
		const {pay, types} = open({onStoreError: 'degrade'});
		await goDown();
		const going = pay();
		await commands.fire(); // The claim.
		await commands.fire(); // The claim that the outcome is to be written under.
		expect(await going).toMatchObject({outcome: 'succeeded', error: undefined});
		expect(types()).toContain('degraded');

		await comeBack();
		await background.fire();
		await eventually(async () => expect(await stored()).toBe('succeeded'));
		expect(await pay()).toMatchObject({outcome: 'succeeded'});
		expect(shop.charges()).toBe(1);
	});

	test('an answer that comes then is given, and its outcome is written down when the server is back', async () => {
		const {pay, types} = open();
		shop.script(async ({serve}) => {
			await goDown();
			return serve();
		});
		const going = pay();
		await eventually(() => expect(shop.charges()).toBe(1));
		await commands.fire();
		expect(await going).toMatchObject({outcome: 'succeeded', error: undefined});
		expect(types()).toContain('store-error');

		await comeBack();
		expect(await stored()).toBe('sending');
		await background.fire();
		await eventually(async () => expect(await stored()).toBe('succeeded'));
	});

	test('a claim whose answer is late was made all the same, and is granted again to who made it', async () => {
		// The server knows the script by then: it would not be sent again after the time-out.
		await store.claim({...ID, name: 'first'}, claimOf());
		redis.freeze();
		const late = failureOf(store.claim(ID, claimOf()));
		await new Promise(setImmediate); // It is on its way.
		await commands.fire();
		expect(await late).toContain('no answer within');
		redis.thaw();
		expect(await store.claim(ID, claimOf({owner: 'bob', key: 'key-2'}))).toMatchObject({status: 'busy'});
		const again = await store.claim(ID, claimOf());
		expect(again).toMatchObject({status: 'claimed', record: {key: 'key-1', ambiguous: false}});
	});
});

test('node-redis does not make the claims later on that timed out while it had no connection', async () => {
	const {client, isReady, close} = await nodeRedis(redis.url);
	const prefix = `down-${++count}`;
	const store = redisStoreIn(commands, {client, prefix, commandTimeout: TIMEOUT});
	await redis.kill();
	await eventually(() => expect(isReady()).toBe(false));
	const failed = failureOf(store.claim(ID, claimOf()));
	await commands.fire();
	expect(await failed).toContain('no answer within');
	await redis.restart();
	await client.ping();
	expect(await client.info('commandstats')).not.toContain('evalsha');
	expect(await redisStore({client, prefix}).list(ID.scope)).toEqual([]);
	close();
});
