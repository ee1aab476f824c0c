import {describe, expect, test} from 'vitest';
import {ietf} from '../../src/dialects/ietf.ts';
import {after, answer, drop, hang, lose} from '../support/fake-server.ts';
import {follow} from './follow.ts';
import {OPERATION, openShop} from './shop.ts';
import {operationOf} from '../../src/operation/handle.ts';

describe('the state of a handle', () => {
	test('is loading until the store has answered, then idle', async () => {
		const {environment, realm} = openShop();
		const {handle} = realm();
		expect(handle.state).toEqual({status: 'loading', attempt: 0, limit: 4, since: environment.now()});
		await environment.settle();
		expect(handle.state.status).toBe('idle');
	});

	test.each([
		['has stood like this since it was written down', 5_000, 0, -5_000],
		['has stood like this since now', 0, 0, 0],
		['by a clock that was set back it has since now', 5_000, -8_000, 0],
		['by a clock that was set back a little it has since then', 5_000, -2_000, -3_000],
	])('%s', async (_, ms, jump, since) => {
		const {environment, realm} = openShop();
		await environment.finish(realm().pay());
		await environment.advance(ms);
		environment.jump(jump);
		const {handle} = realm();
		expect(handle.state.status).toBe('loading');
		await environment.settle();
		expect(handle.state).toEqual({status: 'succeeded', attempt: 0, limit: 4, since: environment.now() + since});
	});

	test('is checking while the answer of a success is fetched again', async () => {
		const {environment, realm, server} = openShop();
		await environment.finish(realm().pay());
		const buyer = realm({dialect: ietf({retention: 86_400_000})});
		server.script(after(1_000));
		const call = buyer.pay();
		await environment.settle();
		expect(buyer.handle.state).toMatchObject({status: 'checking', attempt: 1});
		expect(await environment.finish(call)).toMatchObject({outcome: 'succeeded', attempts: 1, replayed: true});
		expect(buyer.handle.state.status).toBe('succeeded');
	});

	test('goes from working to succeeded', async () => {
		const {environment, realm} = openShop();
		const buyer = realm();
		await environment.finish(buyer.pay());
		expect(buyer.handle.state).toMatchObject({status: 'succeeded', attempt: 1, limit: 4});
	});

	test('tells every step of a lost answer: "we are making sure that you are charged once"', async () => {
		const {environment, realm, server} = openShop();
		environment.random = () => 1;
		const buyer = realm();
		const {seen} = follow(buyer);
		await environment.settle();
		server.script(after(1000, lose));
		const start = environment.now();
		await environment.finish(buyer.pay());
		const steps = seen
			.filter(({status, attempt}) => status !== 'working' || attempt > 0)
			.map(({status, attempt, retryAt, since}) => [status, attempt, retryAt && retryAt - start, since - start]);
		expect(steps).toEqual([
			['loading', 0, undefined, 0],
			['idle', 0, undefined, 0],
			['working', 1, undefined, 0],
			['checking', 1, undefined, 1000],
			['checking', 1, 1250, 1000],
			['checking', 2, undefined, 1000],
			['succeeded', 2, undefined, 1250],
		]);
	});

	test('is working, not checking, where nothing is ambiguous', async () => {
		const {environment, realm, server} = openShop();
		const buyer = realm();
		const {statuses} = follow(buyer);
		server.script(answer(429), answer(402));
		await environment.finish(buyer.pay());
		expect(statuses()).not.toContain('checking');
		expect(buyer.handle.state.status).toBe('refused');
	});

	test('is working from the same tick as the call', async () => {
		const {environment, realm} = openShop();
		const buyer = realm();
		const call = buyer.pay();
		expect(buyer.handle.state).toMatchObject({status: 'working', attempt: 0});
		await environment.finish(call);
	});

	test.each([
		['unknown', drop],
		['unknown', answer(302)],
		['mismatched', answer(422, {}, 'idempotency key reused')],
		['refused', answer(402)],
	])('ends as %s', async (status, step) => {
		const {environment, realm, server} = openShop();
		const buyer = realm({retry: 0});
		server.script(step);
		await environment.finish(buyer.pay());
		expect(buyer.handle.state.status).toBe(status);
		const reloaded = realm();
		const {statuses} = follow(reloaded);
		await environment.settle();
		expect(statuses()).toEqual(['loading', status]);
	});

	test('is checking while another realm is at it, and unknown once its lease is over', async () => {
		const {environment, realm, server} = openShop();
		server.script(hang);
		void realm({timeout: false, totalTimeout: false}).pay();
		await environment.settle();
		const [early, late] = [realm(), realm()];
		void early.handle.state;
		await environment.settle();
		expect(early.handle.state.status).toBe('checking');
		environment.jump(3_600_000 * 2);
		void late.handle.state;
		await environment.settle();
		expect(late.handle.state.status).toBe('unknown');
	});

	test('is checking while its own call waits for another realm', async () => {
		const {environment, realm, server} = openShop();
		server.script(after(1000));
		const theirs = realm().pay();
		await environment.settle();
		const waiter = realm();
		const {statuses} = follow(waiter);
		const ours = waiter.pay();
		await environment.finish(Promise.all([theirs, ours]));
		expect(statuses()).toContain('checking');
		expect(statuses().at(-1)).toBe('succeeded');
	});

	test('is the same object until something changes', async () => {
		const {environment, realm, server} = openShop();
		const {handle, pay, fetch} = realm();
		expect(handle.state).toBe(handle.state);
		await environment.settle();
		const idle = handle.state;
		expect(handle.state).toBe(idle);
		expect(operationOf(fetch, OPERATION).state).toBe(idle);
		server.script(after(1000));
		const call = pay();
		await environment.settle();
		const working = handle.state;
		expect(working).not.toBe(idle);
		expect(handle.state).toBe(working);
		await environment.finish(call);
		expect(handle.state).toBe(handle.state);
	});

	test('goes back to what it was when nothing was sent', async () => {
		const {environment, realm} = openShop();
		const buyer = realm({}, {claim: async () => Promise.reject(new Error('disk full'))});
		const {statuses} = follow(buyer);
		await environment.settle();
		await environment.finish(buyer.pay());
		expect(statuses().at(-1)).toBe('idle');
		expect(buyer.handle.state.status).toBe('idle');
	});

	test('another payload that was turned away does not change it', async () => {
		const {environment, realm} = openShop();
		const {handle, pay} = realm();
		await environment.finish(pay());
		await environment.finish(pay({body: '{"cart":43}'}));
		expect(handle.state.status).toBe('succeeded');
	});

	test('a store that fails leaves it as it was', async () => {
		const {environment, realm} = openShop();
		const buyer = realm({}, {list: async () => Promise.reject(new Error('no disk'))});
		const {statuses} = follow(buyer);
		await environment.settle();
		expect(statuses()).toEqual(['loading']);
	});
});
