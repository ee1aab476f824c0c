import {describe, expect, test} from 'vitest';
import type {Dialect} from '../../src/dialects/dialect.ts';
import {ietf} from '../../src/dialects/ietf.ts';
import {contentKey} from '../../src/request/content-key.ts';
import {notSaved} from '../../src/dialects/ietf.ts';
import {answer, drop, lose, swallow, unreachable, type Step} from '../support/fake-server.ts';
import {virtualEnvironment} from '../support/virtual-environment.ts';
import {openShop, type Shop} from './shop.ts';
import {unfinished} from '../../src/operation/unfinished.ts';

const DAY = 86_400_000;
const OTHER = {body: '{"cart":43}'};
const inFront = [401, 403, 407, 409, 413, 419, 421, 423, 425, 426, 428, 429, 431, 440, 451, 498, 499];
const ways: Array<[string, Step, number | undefined]> = [
	['no connection was made', unreachable, undefined],
	...inFront.map((status): [string, Step, number] => [`the answer was ${status}`, answer(status), status]),
];

/** A press of Pay that met this, and no other. */
async function turnedAway(
	step: Step = unreachable,
	shop: Shop = openShop(),
	options: Parameters<Shop['realm']>[0] = {},
) {
	const buyer = shop.realm({retry: 0, ...options});
	shop.server.script(step);
	const report = await shop.environment.finish(buyer.pay());
	return {...shop, buyer, report, key: report.key};
}

describe.each(ways)('when %s', (_, step, httpStatus) => {
	test('it is told as it was, with the key kept', async () => {
		const {report, record, key, server} = await turnedAway(step);
		const outcome = httpStatus === undefined ? 'not-sent' : 'refused';
		expect(report).toMatchObject({outcome, key: server.keys()[0], keyKept: true, attempts: 1});
		expect(report.response?.status).toBe(httpStatus);
		const thrown = expect.objectContaining({code: 'NOT_SENT', outcome, keyKept: true}) as unknown;
		expect(report.error).toEqual(httpStatus === undefined ? thrown : undefined);
		expect(await record()).toMatchObject({key, owner: '', ambiguous: false, freed: false});
		expect((await record())?.state).toEqual({status: 'unprocessed', ...(httpStatus && {httpStatus})});
	});

	test('the same request goes on under its key', async () => {
		const {environment, buyer, key} = await turnedAway(step);
		expect(await environment.finish(buyer.pay())).toMatchObject({outcome: 'succeeded', key});
		expect(await environment.finish(buyer.pay())).toMatchObject({attempts: 0});
	});

	test('it makes no second effect, should the evidence have been wrong', async () => {
		// What a proxy repeated had its effect; this is what the second copy met.
		const wrong: Step = async exchange => {
			await exchange.serve();
			return step(exchange);
		};
		const {environment, realm, server, key} = await turnedAway(wrong);
		expect(await environment.finish(realm().pay())).toMatchObject({outcome: 'succeeded', key, replayed: true});
		expect(server.charges()).toBe(1);
	});

	test('another request goes under a new random key', async () => {
		const {environment, buyer, server, key, record} = await turnedAway(step);
		const report = await environment.finish(buyer.pay(OTHER));
		expect(report).toMatchObject({outcome: 'succeeded', replayed: false});
		expect(report.key).not.toBe(key);
		expect(server.keys()).toEqual([key, report.key]);
		expect(await record()).toMatchObject({token: 2, previousKey: undefined});
	});

	test('a refusal by the handler, the next time, is believed and mints a new key', async () => {
		const {environment, buyer, server, key} = await turnedAway(step);
		server.script(answer(402));
		expect(await environment.finish(buyer.pay())).toMatchObject({outcome: 'refused', key, keyKept: false});
		expect((await environment.finish(buyer.pay())).key).not.toBe(key);
	});

	test('it is shown after a reload, and is not unfinished', async () => {
		const {environment, realm, buyer} = await turnedAway(step);
		const status = httpStatus === undefined ? 'not-sent' : 'refused';
		expect(buyer.handle.state.status).toBe(status);
		const {handle, fetch} = realm();
		expect(handle.state.status).toBe('loading');
		await environment.settle();
		expect(handle.state.status).toBe(status);
		expect(await unfinished(fetch)).toEqual([]);
	});

	test('an owner that dies after it has begun again leaves it ambiguous', async () => {
		const {environment, realm, server, key, record} = await turnedAway(step);
		const time = virtualEnvironment(2);
		server.script(swallow);
		void realm({}, {}, time).pay();
		await time.settle();
		expect(await record()).toMatchObject({key, state: {status: 'sending'}, ambiguous: false, token: 2});
		environment.jump(DAY / 2);
		server.script(answer(402));
		expect(await environment.finish(realm().pay())).toMatchObject({outcome: 'unknown', key, keyKept: true});
		expect(await record()).toMatchObject({state: {status: 'unknown'}, ambiguous: true});
		expect(await environment.finish(realm().pay())).toMatchObject({outcome: 'succeeded', replayed: true});
		expect(server.charges()).toBe(1);
	});
});

test('the statuses that may stand in front of a handler are these, and 408, which is ambiguous anyway', () => {
	expect([...notSaved].toSorted((one, other) => one - other)).toEqual([401, 403, 407, 408, ...inFront.slice(3)]);
});

describe('a refusal frees its key', () => {
	const saves401: Dialect = {...ietf(), saves: ({status}) => status === 401};
	test.each<[string, Step, Parameters<Shop['realm']>[0]]>([
		['by the handler', answer(402), {}],
		['of what is not there', answer(404), {}],
		['of what is gone', answer(410), {}],
		['of what makes no sense', answer(422), {}],
		['of what makes no sense to anybody', answer(400), {}],
		['that is a marked replay of a 401', answer(401, {'idempotent-replayed': 'true'}), {}],
		['that is a marked replay of a 429', answer(429, {'idempotent-replayed': 'true'}), {}],
		['that the dialect says is saved', answer(401), {dialect: saves401}],
		['by somebody’s judgement of a 2xx', answer(200), {judge: () => 'refused'}],
	])('%s', async (_, step, options) => {
		const {environment, buyer, report, key, server, record} = await turnedAway(step, openShop(), options);
		expect(report).toMatchObject({outcome: 'refused', keyKept: false});
		expect((await record())?.state.status).toBe('refused');
		expect((await environment.finish(buyer.pay({}))).key).not.toBe(key);
		expect(new Set(server.keys()).size).toBe(2);
	});
});

describe('only where nothing else may have happened', () => {
	test.each<[string, readonly Step[]]>([
		['a lost answer before it', [lose, unreachable]],
		['a lost answer before a 401', [lose, answer(401)]],
		['a lost answer before a 429', [drop, answer(429)]],
	])('%s leaves it unknown, under its key', async (_, steps) => {
		const {environment, realm, server, record} = openShop();
		server.script(...steps);
		const buyer = realm({retry: {limit: 1, delay: () => 10}});
		const report = await environment.finish(buyer.pay());
		expect(report).toMatchObject({outcome: 'unknown', keyKept: true});
		expect((await record())?.state).toEqual({status: 'unknown'});
		expect((await environment.finish(buyer.pay(OTHER))).error).toMatchObject({code: 'PAYLOAD_CHANGED'});
	});

	test('a flight that lost its lease writes nothing over the one that took over', async () => {
		const {environment, realm, server, record} = openShop();
		const time = virtualEnvironment(2);
		let refuse: (response: Response) => void = () => undefined;
		server.script(async () => new Promise(resolve => (refuse = resolve)), swallow);
		const slept = realm({timeout: false, totalTimeout: 10_000_000}, {}, time);
		const call = slept.pay();
		await time.settle();
		environment.jump(4_000_000);
		void realm({timeout: 60_000}).pay();
		await environment.settle();
		refuse(new Response(null, {status: 401}));
		await time.settle();
		expect(await record()).toMatchObject({state: {status: 'sending'}, ambiguous: true});
		await environment.advance(120_000);
		await time.advance(10_000);
		expect(await time.finish(call)).toMatchObject({outcome: 'succeeded', replayed: true});
		expect(server.charges()).toBe(1);
	});
});

describe('the end of the key', () => {
	test('past it the record counts as absent: a new key, whatever the request', async () => {
		for (const init of [{}, OTHER]) {
			const {environment, realm, key, record} = await turnedAway();
			environment.jump(DAY);
			const report = await environment.finish(realm().pay(init));
			expect(report).toMatchObject({outcome: 'succeeded', replayed: false});
			expect(report.key).not.toBe(key);
			expect(await record()).toMatchObject({token: 2, createdAt: environment.now()});
		}
	});

	test('counts from when the key was made, however often it was turned away', async () => {
		const {environment, server, buyer, key} = await turnedAway();
		for (let hours = 0; hours < 22; hours += 5.5) {
			environment.jump(5.5 * 3_600_000);
			server.script(answer(401));
			expect(await environment.finish(buyer.pay())).toMatchObject({outcome: 'refused', key});
		}

		environment.jump(2 * 3_600_000);
		expect((await environment.finish(buyer.pay())).key).not.toBe(key);
	});

	test('a flight that meets it having sent nothing ends not-sent, never expired', async () => {
		const {environment, realm, server, record} = openShop();
		server.script(...Array.from({length: 100}, () => unreachable));
		const {pay} = realm({dialect: ietf({retention: 10_000}), retry: {limit: 100, delay: () => 1000}});
		const report = await environment.finish(pay());
		expect(report).toMatchObject({outcome: 'not-sent', error: {code: 'NOT_SENT'}, attempts: 5});
		expect(String(report.error)).toContain('too old to be sent');
		expect((await record())?.state).toEqual({status: 'unprocessed'});
	});

	test('the record goes a week after it, and not before', async () => {
		const {environment, store, record} = await turnedAway();
		const sweepAfter = async (days: number) => {
			environment.jump(days * DAY);
			await store.sweep();
		};
		await sweepAfter(7.1);
		await sweepAfter(1.1);
		expect(await record()).toBeDefined();
		await sweepAfter(1.1);
		expect(await record()).toBeUndefined();
	});
});

describe('keys that keyFrom derives', () => {
	const derived = {keyFrom: contentKey(), keySenders: 'this-store'} as const;

	test('another request gets one that is derived as the released one was', async () => {
		const shop = openShop();
		const first = shop.realm(derived);
		const paid = await shop.environment.finish(first.pay());
		await first.handle.complete();
		const seen: Array<string | undefined> = [];
		const keyFrom: typeof derived.keyFrom = facts => {
			seen.push(facts.previousKey);
			return derived.keyFrom(facts);
		};
		const {environment, buyer, key, record} = await turnedAway(answer(401), shop, {...derived, keyFrom});
		expect(await record()).toMatchObject({key, previousKey: paid.key});
		const report = await environment.finish(buyer.pay(OTHER));
		expect(report).toMatchObject({outcome: 'succeeded', replayed: false});
		expect(seen.at(-1)).toBe(paid.key);
		expect(await record()).toMatchObject({key: report.key, previousKey: paid.key});
		expect(report.key).not.toBe(key);
	});

	test('the same request keeps its own', async () => {
		const {environment, realm, key} = await turnedAway(unreachable, openShop(), derived);
		expect(await environment.finish(realm(derived).pay())).toMatchObject({outcome: 'succeeded', key});
	});
});

describe('an own key', () => {
	const options = {keySenders: 'this-store', retry: 0} as const;
	const own = {idempotencyKey: 'order-42'};
	const other = {idempotencyKey: 'order-43'};

	async function ownTurnedAway() {
		const shop = openShop();
		shop.server.script(answer(401));
		const buyer = shop.realm(options);
		expect(await shop.environment.finish(buyer.pay(own))).toMatchObject({outcome: 'refused', keyKept: true});
		return {...shop, buyer};
	}

	test('may be the same one for another request', async () => {
		const {environment, buyer, record} = await ownTurnedAway();
		expect(await environment.finish(buyer.pay({...own, ...OTHER}))).toMatchObject({
			outcome: 'succeeded',
			key: 'order-42',
		});
		expect(await record()).toMatchObject({token: 2, key: 'order-42'});
	});

	test('may be another one for another request', async () => {
		const {environment, buyer} = await ownTurnedAway();
		expect(await environment.finish(buyer.pay({...other, ...OTHER}))).toMatchObject({key: 'order-43'});
	});

	test('another one for the same request is a TypeError, unless the operation is forgotten first', async () => {
		const {environment, buyer, server, record} = await ownTurnedAway();
		expect((await environment.finish(buyer.pay(other))).error).toBeInstanceOf(TypeError);
		expect(server.requests).toHaveLength(1);
		expect(await record()).toMatchObject({key: 'order-42', owner: '', state: {status: 'unprocessed', httpStatus: 401}});
		await buyer.handle.forget();
		expect(await environment.finish(buyer.pay(other))).toMatchObject({outcome: 'succeeded', key: 'order-43'});
	});

	test('need not be said again: the same request goes under it', async () => {
		const {environment, realm} = await ownTurnedAway();
		expect(await environment.finish(realm().pay())).toMatchObject({outcome: 'succeeded', key: 'order-42'});
	});
});

describe('what is kept at rest', () => {
	test('a request is dropped, and kept anew with the next beginning', async () => {
		const options = {keepRequest: true};
		const {environment, realm, server, record} = await turnedAway(unreachable, openShop(), options);
		expect((await record())?.request).toBeUndefined();
		const time = virtualEnvironment(2);
		server.script(swallow);
		void realm(options, {}, time).pay();
		await time.settle();
		expect((await record())?.request).toMatchObject({method: 'POST'});
		environment.jump(DAY / 2);
		const [found] = await unfinished(realm(options).fetch);
		const response = await environment.finish(found?.resume?.() ?? Promise.reject(new Error('it is not offered')));
		expect(response.headers.get('idempotent-replayed')).toBe('true');
		expect(server.charges()).toBe(1);
	});

	test('a form is kept as it is sent, under the key that it had', async () => {
		const options = {keepRequest: true, retry: 0};
		const {environment, realm, server, record} = openShop();
		const form = () => {
			const body = new FormData();
			body.set('cart', '42');
			return {body};
		};
		server.script(unreachable);
		await environment.finish(realm(options).pay(form()));
		const time = virtualEnvironment(2);
		server.script(swallow);
		void realm(options, {}, time).pay(form());
		await time.settle();
		const sent = await new Response(server.requests[1]?.body as BodyInit).text();
		const request = (await record())?.request;
		expect(new TextDecoder().decode(request?.body ?? undefined)).toBe(sent);
		expect(request?.contentType).toBe(server.requests[1]?.headers.get('content-type'));
		expect(await record()).toMatchObject({key: server.keys()[0], token: 2, ambiguous: false});
	});

	test('an answer is not given again: the next call is sent', async () => {
		const options = {keepResponse: true};
		const {environment, realm, key, record} = await turnedAway(answer(401, {}, 'who?'), openShop(), options);
		expect((await record())?.answer?.status).toBe(401);
		expect(await environment.finish(realm(options).pay())).toMatchObject({outcome: 'succeeded', key, replayed: false});
		expect((await record())?.answer?.status).toBe(201);
	});
});
