import {describe, expect, test} from 'vitest';
import type {CallOptions, FetchOptions} from '../../src/options.ts';
import type {Store} from '../../src/stores/store.ts';
import {after, answer, drop, hang, lose, ok, type Step} from '../support/fake-server.ts';
import {openShop} from './shop.ts';

const DAY = 86_400_000;
const never = async () => new Promise<never>(() => undefined);

describe('every call ends within its total time', () => {
	const hangs: Array<[string, {options?: FetchOptions; store?: Partial<Store>; init?: RequestInit; step?: Step}]> = [
		['the server', {step: hang}],
		['the server again and again', {step: after(19_000, lose), options: {retry: 100}}],
		['a server in progress', {step: answer(409, {'retry-after': '1'}), options: {retry: 100}}],
		['the claim', {store: {claim: never}}],
		['the settle', {store: {settle: never}}],
		['the presence', {store: {presence: {hold: never, gone: never}}}],
		['judge', {options: {judge: never}}],
		['reconcile', {options: {reconcile: never, timeout: false}, step: answer(302)}],
		['fingerprint', {options: {fingerprint: never}}],
		['the body', {init: {body: new ReadableStream(), duplex: 'half'} as RequestInit}],
	];
	test.each(hangs)('though it is %s that hangs', async (_, {options = {}, store = {}, init = {}, step = ok}) => {
		const {environment, realm, server} = openShop();
		server.script(...Array.from({length: 100}, () => step));
		const begun = environment.now();
		await environment.finish(realm(options, store).pay(init));
		expect(environment.now() - begun).toBeLessThanOrEqual(60_000);
	});

	const patient: Array<[string, RequestInit & CallOptions, CallOptions]> = [
		['judge', {judge: never}, {judge: () => undefined}],
		['fingerprint', {fingerprint: never}, {}],
		['the body', {body: new ReadableStream(), duplex: 'half'} as RequestInit, {}],
	];
	test.each(patient)('and %s that hung in one call does not hold up the next', async (_, hanging, next) => {
		const {environment, realm} = openShop();
		const {pay} = realm();
		await environment.finish(pay({...hanging, totalTimeout: 1000}));
		await environment.advance(1000);
		expect((await environment.finish(pay(next))).outcome).toBe('succeeded');
	});
});

describe('clocks', () => {
	test('sleep counts: a machine that slept past the total time starts no further attempt', async () => {
		const {environment, realm, server} = openShop();
		server.script(drop);
		const call = realm({retry: {delay: () => 1000}}).pay();
		await environment.settle();
		environment.jump(120_000);
		const {error} = await environment.finish(call);
		expect(error).toMatchObject({code: 'OUTCOME_UNKNOWN'});
		expect(server.requests).toHaveLength(1);
	});

	test('a wall clock that is set back does not lengthen the total time', async () => {
		const {environment, realm, server} = openShop();
		server.script(after(1000, answer(503, {'retry-after': '20'})));
		const call = realm({totalTimeout: 15_000}).pay();
		await environment.settle();
		environment.jump(-DAY);
		const {error} = await environment.finish(call);
		expect(error).toMatchObject({code: 'OUTCOME_UNKNOWN', status: 503});
		expect(environment.monotonic()).toBe(1000);
	});

	// Invariant 2
	test('a wall clock that jumps by a day in the middle of an exchange changes neither key nor answer', async () => {
		for (const jump of [DAY / 2, -DAY]) {
			const {environment, realm, server, record} = openShop();
			server.script(after(1000));
			const call = realm().pay();
			await environment.settle();
			environment.jump(jump);
			expect((await environment.finish(call)).outcome).toBe('succeeded');
			expect((await record())?.state.status).toBe('succeeded');
			expect(server.requests).toHaveLength(1);
		}
	});
});

describe('offline', () => {
	test('the first attempt waits for the network', async () => {
		const {environment, realm, server} = openShop();
		environment.setOnline(false);
		const {pay, events} = realm();
		const call = pay();
		await environment.advance(5000);
		expect(server.requests).toHaveLength(0);
		expect(events).toContainEqual(expect.objectContaining({type: 'wait', why: 'offline', ms: 10_000}));
		environment.setOnline(true);
		const back = environment.now();
		await environment.finish(call);
		expect(server.requests[0]?.at).toBe(back);
	});

	test('a runtime that says so for long is not believed: after ten seconds it is tried', async () => {
		const {environment, realm, server} = openShop();
		environment.setOnline(false);
		const begun = environment.now();
		expect((await environment.finish(realm().pay())).outcome).toBe('succeeded');
		expect(server.requests[0]!.at - begun).toBe(10_000);
	});

	test('a retry waits for the network too', async () => {
		const {environment, realm, server} = openShop();
		server.script(drop);
		const call = realm({retry: {delay: () => 100}}).pay();
		await environment.settle();
		environment.setOnline(false);
		await environment.advance(3000);
		expect(server.requests).toHaveLength(1);
		environment.setOnline(true);
		expect((await environment.finish(call)).outcome).toBe('succeeded');
	});
});

test('when a call is over, no timer is left', async () => {
	const {environment, realm, server} = openShop();
	server.script(lose);
	await environment.finish(realm().pay());
	expect(environment.timers()).toBe(0);
});
