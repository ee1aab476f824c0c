import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {gate, keysOf} from '../http/realm.ts';
import {answerAfter, answerBefore, holdRequest, holdResponse, stream, type Fault} from '../support/faulty-server.ts';
import {
	startIdempotentServer,
	type IdempotentServer,
	type IdempotentServerOptions,
} from '../support/idempotent-server.ts';
import type {Press} from './worker.ts';
import {startWorkerd, type Client, type Workerd} from './workerd.ts';
import {eventually} from '../support/eventually.ts';

let workerd: Workerd;
let orders = 0;

beforeAll(async () => {
	workerd = await startWorkerd();
});

afterAll(async () => {
	await workerd.close();
});

type Shop = AsyncDisposable & {
	readonly server: IdempotentServer;
	/** An operation of its own: the isolate is the same for all. */
	readonly operation: string;
	press(more?: Partial<Press>, path?: string): Client;
	/** Resolves once the server was asked this often. */
	asked(times: number): Promise<void>;
	/** Resolves once its story has this in it, this often. */
	happened(what: string, times?: number): Promise<void>;
	story(): Promise<readonly string[]>;
};

async function openShop(options: IdempotentServerOptions = {}): Promise<Shop> {
	const server = await startIdempotentServer(options);
	const operation = `order-${orders++}`;
	const story = async () => (await workerd.read(`/story?of=${operation}`)) as string[];
	return {
		server,
		operation,
		story,
		press: (more, path) => workerd.press({api: `${server.origin}/orders`, operation, ...more}, path),
		asked: async times => eventually(() => expect(server.requests).toHaveLength(times)),
		happened: async (what, times = 1) =>
			eventually(async () => expect((await story()).filter(type => type === what)).toHaveLength(times)),
		[Symbol.asyncDispose]: server.close,
	};
}

/** Two requests at one operation, of which the first has sent it. */
async function pressTwice(shop: Shop, more: Partial<Press> = {}): Promise<readonly [first: Client, second: Client]> {
	const first = shop.press(more);
	await shop.asked(1);
	const second = shop.press(more);
	await shop.happened('joined');
	return [first, second];
}

/** Waits with an answer instead of the shop's. */
function holdAnswer(released: Promise<unknown>, status: number, body: string): Fault {
	return async exchange => {
		await released;
		await answerAfter(status, {}, body)(exchange);
	};
}

function expectOneCharge({server}: Shop, requests: number): void {
	expect([...server.effects.values()]).toEqual([1]);
	expect(new Set(keysOf(server)).size).toBe(1);
	expect(server.requests).toHaveLength(requests);
}

const declined = {resolver: () => Response.json({code: 'card_declined'}, {status: 402})};

describe.concurrent('two requests of one isolate', () => {
	test('both stay: one exchange, and each makes its own Response of the answer', async () => {
		await using shop = await openShop();
		const work = gate();
		shop.server.script([holdRequest(work.opened)]);
		const [first, second] = await pressTwice(shop);
		work.open();
		const told = await first.told;
		expect(told).toMatchObject({outcome: 'succeeded', status: 201, replayed: false});
		expect(await second.told).toEqual(told);
		expectOneCharge(shop, 1);
	});

	test('the first is slow, and alive: it is waited for', async () => {
		await using shop = await openShop();
		const work = gate();
		shop.server.script([holdRequest(work.opened)]);
		const [first, second] = await pressTwice(shop);
		// A third one, whose own time passes meanwhile, and whose signal is its own.
		expect(await shop.press({abortAfter: 1_500}).told).toMatchObject({error: 'TimeoutError'});
		work.open();
		expect(await second.told).toEqual(await first.told);
		expectOneCharge(shop, 1);
	});

	test('the second comes when it is over: it is told the same', async () => {
		await using shop = await openShop();
		const {text} = await shop.press().told;
		expect(await shop.press().told).toMatchObject({outcome: 'succeeded', status: 201, text, replayed: true});
		expect(await workerd.read(`/outcome?of=${shop.operation}`)).toMatchObject({
			outcome: 'succeeded',
			status: 201,
			text,
		});
		expectOneCharge(shop, 1);
	});

	test('both are refused', async () => {
		await using shop = await openShop(declined);
		const work = gate();
		shop.server.script([holdRequest(work.opened)]);
		const [first, second] = await pressTwice(shop);
		work.open();
		const told = await first.told;
		expect(told).toMatchObject({outcome: 'refused', status: 402, text: '{"code":"card_declined"}'});
		expect(await second.told).toEqual(told);
		expect(shop.server.requests).toHaveLength(1);
	});

	test('neither can know: each can read the last answer, and the key is kept', async () => {
		await using shop = await openShop();
		const work = gate();
		shop.server.script([holdAnswer(work.opened, 502, 'bad gateway')]);
		const [first, second] = await pressTwice(shop, {options: {retry: 0}});
		work.open();
		const told = await first.told;
		expect(told).toMatchObject({outcome: 'unknown', error: 'OutcomeUnknownError', status: 502, text: 'bad gateway'});
		expect(await second.told).toEqual(told);
		expect(await shop.press().told).toMatchObject({outcome: 'succeeded', key: told.key});
		expectOneCharge(shop, 2);
	});

	test('the second asks for something else: nothing is sent for it', async () => {
		await using shop = await openShop();
		const work = gate();
		shop.server.script([holdRequest(work.opened)]);
		const first = shop.press();
		await shop.asked(1);
		expect(await shop.press({body: '{"cart":43}'}).told).toMatchObject({error: 'PayloadChangedError'});
		work.open();
		expect(await first.told).toMatchObject({outcome: 'succeeded'});
		expectOneCharge(shop, 1);
	});

	test('the second leaves: the first is told', async () => {
		await using shop = await openShop();
		const work = gate();
		shop.server.script([holdRequest(work.opened)]);
		const [first, second] = await pressTwice(shop);
		second.leave();
		work.open();
		expect(await first.told).toMatchObject({outcome: 'succeeded', status: 201});
		expectOneCharge(shop, 1);
	});

	test('the second leaves last: what the first began is called off', async () => {
		await using shop = await openShop();
		shop.server.script([holdRequest(new Promise(() => undefined))]);
		const first = shop.press({abortOnce: 'joined', how: 'stay'});
		await shop.asked(1);
		expect(await shop.press({abortOnce: 'gave-up'}).told).toMatchObject({error: 'TimeoutError'});
		expect(await first.told).toMatchObject({error: 'TimeoutError'});
	});

	test('a large answer passes to the first, the second is told that it has succeeded', async () => {
		const large = 'x'.repeat(2_000_000);
		await using shop = await openShop();
		const work = gate();
		shop.server.script([
			async exchange => {
				await work.opened;
				await stream('text/plain', [large])(exchange);
			},
		]);
		const [first, second] = await pressTwice(shop);
		work.open();
		expect(await first.told).toMatchObject({outcome: 'succeeded', text: large});
		expect(await second.told).toMatchObject({outcome: 'succeeded', error: 'AlreadySucceededError'});
		expectOneCharge(shop, 1);
	});

	test('what the first would send cannot be read: the second sends its own, and gets a large answer too', async () => {
		const large = 'x'.repeat(2_000_000);
		await using shop = await openShop();
		shop.server.script([stream('text/plain', [large])]);
		const first = shop.press({broken: true});
		await shop.happened('pressed');
		const second = shop.press();
		expect(await first.told).toMatchObject({outcome: 'not-sent', error: 'BodyNotReplayableError', attempts: 0});
		expect(await second.told).toMatchObject({outcome: 'succeeded', text: large});
		expectOneCharge(shop, 1);
	});

	test('calls under one key of their own', async () => {
		await using shop = await openShop();
		const work = gate();
		shop.server.script([holdRequest(work.opened)]);
		const own = {unnamed: true, options: {idempotencyKey: shop.operation}};
		const [first, second] = await pressTwice(shop, own);
		work.open();
		expect(await second.told).toEqual(await first.told);
		expectOneCharge(shop, 1);
	});
});

describe.concurrent('the request that sends is over before its answer', () => {
	test('its client has gone: who waits for it takes over, under the same key', async () => {
		await using shop = await openShop();
		const answer = gate();
		shop.server.script([holdResponse(answer.opened)]);
		const [first, second] = await pressTwice(shop);
		first.leave();
		expect(await second.told).toMatchObject({outcome: 'succeeded', status: 201, replayed: true, attempts: 2});
		answer.open();
		expectOneCharge(shop, 2);
		expect(await shop.story()).toContain('taken-over');
	});

	test('its client has gone, who comes later takes over', async () => {
		await using shop = await openShop();
		const answer = gate();
		shop.server.script([holdResponse(answer.opened)]);
		const first = shop.press();
		await shop.asked(1);
		first.leave();
		const told = await shop.press().told;
		expect(told).toMatchObject({outcome: 'succeeded', status: 201, replayed: true});
		answer.open();
		expect(await shop.press().told).toMatchObject({outcome: 'succeeded', text: told.text});
		expectOneCharge(shop, 2);
	});

	test('its handler has answered without it', async () => {
		await using shop = await openShop();
		shop.server.script([holdResponse(new Promise(() => undefined))]);
		await shop.press({how: 'early'}).told;
		expect(await shop.press().told).toMatchObject({outcome: 'succeeded', status: 201});
		expect([...shop.server.effects.values()]).toEqual([1]);
		expect(new Set(keysOf(shop.server)).size).toBe(1);
	});

	test('its client has gone, and waitUntil holds it: it is waited for', async () => {
		await using shop = await openShop();
		const work = gate();
		shop.server.script([holdRequest(work.opened)]);
		const [first, second] = await pressTwice(shop, {how: 'waitUntil'});
		first.leave();
		const third = shop.press({abortAfter: 1_500});
		expect(await third.told).toMatchObject({error: 'TimeoutError'});
		work.open();
		expect(await second.told).toMatchObject({outcome: 'succeeded', status: 201, attempts: 1});
		expectOneCharge(shop, 1);
	});

	test('it gave up by its own signal', async () => {
		await using shop = await openShop();
		shop.server.script([holdResponse(new Promise(() => undefined))]);
		const first = shop.press({abortOnce: 'joined'});
		await shop.asked(1);
		const second = shop.press();
		expect(await first.told).toMatchObject({error: 'TimeoutError'});
		expect(await second.told).toMatchObject({outcome: 'succeeded', status: 201});
		expectOneCharge(shop, 2);
	});

	test('it was waiting for its next attempt', async () => {
		await using shop = await openShop();
		shop.server.script([answerBefore(503, {'retry-after': '20'})]);
		const [first, second] = await pressTwice(shop);
		first.leave();
		expect(await second.told).toMatchObject({outcome: 'succeeded', status: 201, attempts: 2});
		expectOneCharge(shop, 2);
	});

	test('one of those who wait takes over, the others join it', async () => {
		await using shop = await openShop();
		shop.server.script([holdResponse(new Promise(() => undefined))]);
		const [first, second] = await pressTwice(shop);
		const third = shop.press();
		await shop.happened('joined', 2);
		first.leave();
		const {outcome, key, status, text} = await second.told;
		expect({outcome, status}).toEqual({outcome: 'succeeded', status: 201});
		expect(await third.told).toMatchObject({outcome, key, status, text});
		expectOneCharge(shop, 2);
	});

	test('who takes over goes, too', async () => {
		await using shop = await openShop();
		shop.server.script([holdResponse(new Promise(() => undefined)), holdResponse(new Promise(() => undefined))]);
		const [first, second] = await pressTwice(shop);
		first.leave();
		await shop.asked(2);
		second.leave();
		expect(await shop.press().told).toMatchObject({outcome: 'succeeded', status: 201, attempts: 3});
		expectOneCharge(shop, 3);
	});

	test('a refusal does not tell what became of what it sent: unknown, and the key is kept', async () => {
		await using shop = await openShop();
		shop.server.script([holdRequest(new Promise(() => undefined)), answerBefore(402)]);
		const [first, second] = await pressTwice(shop);
		first.leave();
		expect(await second.told).toMatchObject({outcome: 'unknown', error: 'OutcomeUnknownError', status: 402});
		expect(new Set(keysOf(shop.server)).size).toBe(1);
	});

	test('time is over before it is clear: unknown, in time', async () => {
		await using shop = await openShop();
		shop.server.script([holdResponse(new Promise(() => undefined))]);
		const first = shop.press();
		await shop.asked(1);
		first.leave();
		const {key, ...told} = await shop.press({options: {totalTimeout: 300}}).told;
		expect(told).toMatchObject({outcome: 'unknown', error: 'OutcomeUnknownError'});
		expect(await shop.press().told).toMatchObject({outcome: 'succeeded', key});
		expectOneCharge(shop, 2);
	});

	test('calls under one key of their own', async () => {
		await using shop = await openShop();
		shop.server.script([holdResponse(new Promise(() => undefined))]);
		const own = {unnamed: true, options: {idempotencyKey: shop.operation}};
		const [first, second] = await pressTwice(shop, own);
		first.leave();
		expect(await second.told).toMatchObject({outcome: 'succeeded', status: 201});
		expectOneCharge(shop, 2);
	});

	test('a server that refuses the repeat of an own key has not proven a mismatch', async () => {
		await using shop = await openShop();
		const reused = answerBefore(422, {'content-type': 'application/json'}, '{"code":"idempotency_key_reused"}');
		shop.server.script([holdResponse(new Promise(() => undefined)), reused]);
		const own = {unnamed: true, options: {idempotencyKey: shop.operation}};
		const [first, second] = await pressTwice(shop, own);
		first.leave();
		expect(await second.told).toMatchObject({outcome: 'unknown', status: 422, attempts: 2});
	});
});

describe.concurrent('a worker', () => {
	test('is a server of many users: a named call without a scope is a mistake', async () => {
		await using shop = await openShop();
		const {error} = await shop.press({}, '/without-scope').told;
		expect(error).toBe('TypeError');
		expect(shop.server.requests).toEqual([]);
	});

	test('goes on in memory where no store is named, and says so', async () => {
		await using shop = await openShop();
		expect(await shop.press({}, '/without-store').told).toMatchObject({outcome: 'succeeded', status: 201});
		expect(await shop.story()).toContain('degraded');
	});

	test('hands the Response on as its own answer', async () => {
		await using shop = await openShop();
		const [one, other] = [shop.press({}, '/handed-on'), shop.press({}, '/handed-on')];
		expect(await one.told).toMatchObject({charges: 1});
		expect(await other.told).toEqual(await one.told);
		expectOneCharge(shop, 1);
	});

	test('has a client made with ky', async () => {
		await using shop = await openShop();
		expect(await shop.press({}, '/client').told).toMatchObject({outcome: 'succeeded', status: 201});
		expectOneCharge(shop, 1);
	});
});
