import {describe, expect, test} from 'vitest';
import {shipped, type Shipped} from './all.ts';
import {rowFor} from '../../src/dialects/answers.ts';
import {gate, openShop} from '../operation/shop.ts';
import {dialectServer} from './server.ts';

const body = '{"query":"mutation","variables":{"amount":1}}';

function opened(one: Shipped, work?: (count: number) => Response) {
	const server = dialectServer(one, work);
	const shop = openShop();
	const realm = () => shop.realm({fetch: server.fetch, dialect: one.dialect});
	const {environment} = shop;
	return {server, environment, realm, pay: async () => environment.finish(realm().pay({body}))};
}

const keeping = shipped.filter(({profile}) => profile.methods.length > 0);
const repeating = keeping.filter(({code}) => code !== 'gocardless');
const running = keeping.filter(({profile}) => rowFor(profile, 'in-progress'));

describe('the answer is lost after the effect: one effect, under one key', () => {
	test.each(repeating)('$code: and the answer is fetched again', async one => {
		const {server, pay} = opened(one);
		server.script('lose-response');
		expect(await pay()).toMatchObject({outcome: 'succeeded', attempts: 2});
		expect(server.endpoint.effects).toBe(1);
		const [first, second] = server.requests;
		const [key, ...others] = server.endpoint.keys;
		expect(key).toMatch(/^[\da-f-]{36}$/);
		expect(others).toEqual([key]);
		expect(second?.body).toBe(first?.body);
	});

	test('gocardless: which says that it is done', async () => {
		const one = shipped.find(({code}) => code === 'gocardless');
		if (!one) throw new Error('gone');
		const {server, pay} = opened(one);
		server.script('lose-response');
		const report = await pay();
		expect(report).toMatchObject({outcome: 'succeeded', keyKept: true, attempts: 2});
		expect(server.endpoint.effects).toBe(1);
	});
});

describe('the request is lost before the effect', () => {
	test.each(keeping)('$code', async one => {
		const {server, pay} = opened(one);
		server.script('lose-request');
		expect(await pay()).toMatchObject({outcome: 'succeeded', attempts: 2});
		expect(server.endpoint.effects).toBe(1);
	});
});

describe('a gateway answers 502 after the effect: one effect', () => {
	test.each(repeating)('$code', async one => {
		const {server, pay} = opened(one);
		server.script({status: 502, when: 'after-effect'});
		expect(await pay()).toMatchObject({outcome: 'succeeded'});
		expect(server.endpoint.effects).toBe(1);
	});
});

describe('the first request is still being worked on: it is waited for', () => {
	test.each(running.filter(({code}) => code !== 'gocardless'))('$code', async one => {
		const {server, environment, realm} = opened(one);
		const {opened: released, open} = gate();
		server.script({hold: released});
		const report = realm().pay({body, timeout: 1_000});
		await environment.advance(3_000);
		open();
		expect(await environment.finish(report)).toMatchObject({outcome: 'succeeded'});
		expect(server.requests.length).toBeGreaterThan(1);
		expect(server.endpoint.effects).toBe(1);
	});
});

describe('another payload under a key that the server knows', () => {
	const comparing = keeping.filter(({profile}) => rowFor(profile, 'mismatched'));

	test.each(comparing)('$code: is key reuse, and nothing happens', async one => {
		const {server, environment, realm} = opened(one);
		const idempotencyKey = '8e03978e-40d5-43e8-bc93-6894a57f9324';
		const init = {method: 'POST', idempotencyKey};
		await environment.finish(realm().fetch('https://shop.test/orders', {...init, body}));
		const options = {fetch: server.fetch, dialect: one.dialect, keySenders: 'this-store'} as const;
		const other = openShop();
		const report = await other.environment.finish(
			other.realm(options).pay({body: body.replace('1', '2'), idempotencyKey}),
		);
		expect(report).toMatchObject({outcome: 'mismatched', error: {code: 'KEY_REUSED'}});
		expect(server.endpoint.effects).toBe(1);
	});
});

describe('a 500 comes after the effect', () => {
	/** The server has done it, and answers 500. */
	const failing = (one: Shipped) => {
		let effects = 0;
		const opening = opened(one, () => {
			effects++;
			return effects === 1 ? new Response('', {status: 500}) : Response.json({}, {status: 201});
		});
		return {...opening, done: () => effects};
	};
	const saving = keeping.filter(({profile}) => profile.saves === 'everything' || profile.name === 'stripe');

	test.each(saving)('$code keeps it: it is done once, and the outcome unknown', async one => {
		const {pay, done} = failing(one);
		expect(await pay()).toMatchObject({outcome: 'unknown', keyKept: true});
		expect(done()).toBe(1);
	});

	test.each(keeping.filter(({code}) => code === 'latchkey'))('$code is in doubt: it is done once', async one => {
		const {pay, done} = failing(one);
		expect(await pay()).toMatchObject({outcome: 'unknown', keyKept: true});
		expect(done()).toBe(1);
	});

	const freeing = keeping.filter(one => one.code !== 'latchkey' && !saving.includes(one));
	test.each(freeing)('$code frees the key: it is done again', async one => {
		const {pay, done} = failing(one);
		expect(await pay()).toMatchObject({outcome: 'succeeded'});
		expect(done()).toBe(2);
	});
});

describe('a decline after a lost answer', () => {
	test.each(keeping)('$code: is refused only where the server keeps it', async one => {
		const {server, pay} = opened(one, () => Response.json({error: 'card_declined'}, {status: 402}));
		server.script('lose-response');
		const report = await pay();
		const {name, saves} = one.profile;
		// latchkey's guard keeps it and says so, whatever its owner has declared.
		const kept = saves === 'errors' || saves === 'everything' || name === 'stripe' || name === 'latchkey';
		expect(report).toMatchObject({outcome: kept ? 'refused' : 'unknown', keyKept: !kept});
	});
});

describe('medusa keeps no keys', () => {
	const [medusa] = shipped.filter(({code}) => code === 'medusa');

	test('so that a lost answer and a second attempt are two effects', async () => {
		if (!medusa) throw new Error('gone');
		const {server, pay} = opened(medusa);
		server.script('lose-response');
		await pay();
		expect(server.endpoint.effects).toBe(2);
	});
});

test('azure: the time of the first send goes with every attempt', async () => {
	const [azure] = shipped.filter(({code}) => code === 'azure');
	if (!azure) throw new Error('gone');
	const {server, pay, environment} = opened(azure);
	const began = new Date(environment.now()).toUTCString();
	server.script('lose-response', 'lose-response');
	expect(await pay()).toMatchObject({outcome: 'succeeded', attempts: 3});
	const times = server.requests.map(({headers}) => headers.get('repeatability-first-sent'));
	expect(times).toEqual([began, began, began]);
});
