import {describe, expect, test} from 'vitest';
import {ietf} from '../../src/dialects/ietf.ts';
import type {OutcomeReport} from '../../src/operation/outcome.ts';
import type {CallOptions, FetchOptions} from '../../src/options.ts';
import {contentKey} from '../../src/request/content-key.ts';
import {memoryStoreIn} from '../../src/stores/memory.ts';
import {storeUnavailable} from '../../src/stores/store-failure.ts';
import {after, answer, hang, swallow, unreachable, type Step} from '../support/fake-server.ts';
import {openShop, type Shop} from './shop.ts';

type Variant = {readonly init?: RequestInit & CallOptions; readonly options?: FetchOptions};

/** Keys that were not minted here, however they come. */
const variants: Array<[string, Variant]> = [
	['idempotencyKey', {init: {idempotencyKey: 'order-42'}}],
	['idempotencyKey with its age', {init: {idempotencyKey: {key: 'order-42', since: 1_799_999_999_000}}}],
	['a key header', {init: {headers: {'idempotency-key': 'order-42'}}}],
	['keyFrom', {options: {keyFrom: ({previousKey = 'order'}) => `${previousKey}-42`}}],
	['contentKey()', {options: {keyFrom: contentKey()}}],
];

const json = {'content-type': 'application/json'};
type Ending = [string, Step, number | undefined];
const refusals: Array<[string, Step, number]> = [
	['a 401', answer(401), 401],
	['a 402', answer(402), 402],
	['a 403', answer(403), 403],
	['a 404', answer(404), 404],
	['a bare 409', answer(409), 409],
	['a 409 that names a reason', answer(409, json, '{"code":"sold_out"}'), 409],
	['a 422', answer(422), 422],
	['a 429', answer(429), 429],
];
const notSent: Ending = ['a refused connection', unreachable, undefined];
const reused = answer(422, {}, 'this idempotency key was already used with another payload');

function opened({options, init}: Variant, keySenders: FetchOptions['keySenders'], over: FetchOptions = {}) {
	const shop = openShop();
	const realm = (more?: Parameters<Shop['realm']>[1]) =>
		shop.realm({retry: 0, ...options, ...(keySenders && {keySenders}), ...over}, more);
	return {...shop, init, realm, pay: async () => shop.environment.finish(realm().pay(init))};
}

const cure = "declare saves: 'errors', keySenders: 'this-store', or reconcile.";

describe.each(variants)('a key by %s', (_, variant) => {
	describe("that may be sent from 'anywhere'", () => {
		const open = (over?: FetchOptions) => opened(variant, 'anywhere', over);

		test.each(refusals)(
			'%s on the first attempt is unknown; the error has the answer and names the cure',
			async (_name, step, status) => {
				const {server, pay, record} = open();
				server.script(step);
				const report = await pay();
				expect(report).toMatchObject({outcome: 'unknown', attempts: 1, keyKept: true, key: server.keys()[0]});
				expect(report.response?.status).toBe(status);
				expect(report.error).toMatchObject({code: 'OUTCOME_UNKNOWN', status, reason: undefined});
				expect(String(report.error)).toContain(
					`The server refused (${status}). Whether another sender's request is still executing is not known: ${cure}`,
				);
				expect(await record()).toMatchObject({key: report.key, state: {status: 'unknown'}, ambiguous: true});
				expect(await pay()).toMatchObject({outcome: 'succeeded', key: report.key});
			},
		);

		test('no connection is unknown: somebody else may have made one', async () => {
			const {server, pay, record} = open();
			server.script(unreachable);
			const report = await pay();
			expect(report).toMatchObject({outcome: 'unknown', error: {code: 'OUTCOME_UNKNOWN'}, keyKept: true});
			expect(await record()).toMatchObject({state: {status: 'unknown'}, ambiguous: true});
			expect((await pay()).key).toBe(report.key);
		});

		test('a success settles it', async () => {
			const {pay, record} = open();
			expect(await pay()).toMatchObject({outcome: 'succeeded'});
			expect((await record())?.state.status).toBe('succeeded');
		});

		test.each([401, 402])('a marked replay of a %i settles it, and mints a new key', async status => {
			const {server, pay, record} = open();
			server.script(answer(status, {'idempotent-replayed': 'true'}));
			expect(await pay()).toMatchObject({outcome: 'refused', replayed: true, keyKept: false});
			expect((await record())?.state).toEqual({status: 'refused', httpStatus: status});
		});

		test('a refusal that the dialect says is saved settles it, another one does not', async () => {
			const {server, pay} = open({dialect: ietf({saves: 'errors'})});
			server.script(answer(401), answer(402));
			expect(await pay()).toMatchObject({outcome: 'unknown'});
			expect(await pay()).toMatchObject({outcome: 'refused', keyKept: false});
		});

		test('"key reused" is unknown for good, with the answer: its effect may have taken place', async () => {
			const {environment, server, pay, realm, record} = open();
			server.script(reused);
			const report = await pay();
			expect(report).toMatchObject({outcome: 'unknown', response: {status: 422}, keyKept: true});
			expect(report.error).toMatchObject({code: 'OUTCOME_UNKNOWN', reason: 'final', expired: true, status: 422});
			expect((await record())?.state).toEqual({status: 'unknown', final: true});
			expect((await pay()).error).toMatchObject({code: 'OUTCOME_UNKNOWN', reason: 'final'});
			expect(server.requests).toHaveLength(1);
			const {handle} = realm();
			await handle.resolve('succeeded');
			await environment.settle();
			expect((await pay()).error).toMatchObject({code: 'ALREADY_SUCCEEDED'});
		});

		test.each(['succeeded', 'refused'] as const)('reconcile settles what was refused: %s', async outcome => {
			const {server, pay, record} = open({reconcile: () => outcome});
			server.script(answer(402));
			expect(await pay()).toMatchObject({outcome, keyKept: outcome === 'succeeded', attempts: 1});
			expect((await record())?.state.status).toBe(outcome);
		});

		test('is in doubt from the moment it is claimed, and an owner that dies changes nothing', async () => {
			const {environment, server, realm, record, init} = open();
			server.script(hang);
			void realm().pay(init);
			await environment.settle();
			expect(await record()).toMatchObject({state: {status: 'sending'}, ambiguous: true});
		});
	});

	describe("that all senders claim in 'this-store'", () => {
		const open = (over?: FetchOptions) => opened(variant, 'this-store', over);

		test.each<Ending>([...refusals, notSent])(
			'%s on the first attempt is told as of a random key',
			async (_name, step, status) => {
				const {server, pay, record} = open();
				server.script(step);
				const report = await pay();
				expect(report.outcome).toBe(status === undefined ? 'not-sent' : 'refused');
				expect(report.response?.status).toBe(status);
				const handled = status !== undefined && [402, 404, 422].includes(status);
				expect(report.keyKept).toBe(!handled);
				expect(await record()).toMatchObject({ambiguous: false, state: {status: handled ? 'refused' : 'unprocessed'}});
			},
		);

		test('"key reused" on the first attempt is a mismatch', async () => {
			const {server, pay} = open();
			server.script(reused);
			expect(await pay()).toMatchObject({outcome: 'mismatched', error: {code: 'KEY_REUSED'}});
		});

		test('once it was sent it is in doubt as ever', async () => {
			const {server, pay, record} = open({timeout: 1000});
			server.script(swallow, answer(402));
			expect(await pay()).toMatchObject({outcome: 'unknown'});
			const report = await pay();
			expect(report).toMatchObject({outcome: 'unknown', error: {status: 402}});
			expect((await record())?.ambiguous).toBe(true);
			expect(await pay()).toMatchObject({outcome: 'succeeded', replayed: true});
			expect(server.charges()).toBe(1);
		});

		test('that the store cannot take, because it cannot be opened, may be sent from anywhere', async () => {
			const {environment, server, realm, init} = open();
			const claim = async () => Promise.reject(storeUnavailable('no IndexedDB here'));
			const {pay} = realm({claim, settle: claim, renew: claim, list: claim});
			server.script(answer(401), answer(402));
			for (const status of [401, 402]) {
				const report = await environment.finish(pay(init));
				expect(report).toMatchObject({outcome: 'unknown', error: {status}, keyKept: true});
			}

			expect(new Set(server.keys()).size).toBe(1);
		});

		test('that goes on without a claim, because the store fails, may be sent from anywhere', async () => {
			const {environment, server, realm, init} = open({onStoreError: 'degrade'});
			const {pay} = realm({claim: async () => Promise.reject(new Error('disk full'))});
			server.script(answer(402));
			expect(await environment.finish(pay(init))).toMatchObject({outcome: 'unknown', keyKept: true});
		});
	});

	/**
	 * Process 1 sends and times out; its request executes five seconds later. Process 2 meets something else meanwhile.
	 * Both renew an own key as the recipe says: only where it is refused and not kept.
	 */
	describe.each<Ending>([...refusals, notSent])(
		'when a process timed out before and another one meets %s',
		(_name, step) => {
			async function pressedTwice(keySenders: 'this-store' | 'anywhere', shares: boolean) {
				const shop = opened(variant, keySenders, {timeout: 20_000});
				const {environment, server, realm} = shop;
				let {init} = variant;
				const press = async (process: ReturnType<typeof realm>): Promise<OutcomeReport> => {
					const report = await environment.finish(process.pay(init));
					const renew = report.outcome === 'refused' && !report.keyKept;
					if (renew && init !== undefined) init = {...init, headers: {}, idempotencyKey: 'order-43'};
					return report;
				};
				server.script(after(25_000), step);
				expect(await press(realm())).toMatchObject({outcome: 'unknown'});
				const other = realm(shares ? undefined : {...memoryStoreIn(environment), durable: true});
				const met = await press(other);
				await environment.advance(10_000);
				const last = await press(other);
				return {met, last, charges: server.charges()};
			}

			test('it is not told that it was refused, and there is one effect: the stores are two', async () => {
				const {met, last, charges} = await pressedTwice('anywhere', false);
				expect(met).toMatchObject({outcome: 'unknown', keyKept: true});
				expect(last).toMatchObject({outcome: 'succeeded', replayed: true});
				expect(charges).toBe(1);
			});

			test.each(['this-store', 'anywhere'] as const)('the same where they share a store, by %s', async keySenders => {
				const {met, last, charges} = await pressedTwice(keySenders, true);
				expect(met).toMatchObject({outcome: 'unknown', keyKept: true});
				expect(last).toMatchObject({outcome: 'succeeded', replayed: true});
				expect(charges).toBe(1);
			});
		},
	);
});

describe('a key that was minted here', () => {
	test.each(['this-store', 'anywhere'] as const)('is not in doubt, with %s', async keySenders => {
		const {server, pay, record} = opened({}, keySenders);
		server.script(answer(402));
		expect(await pay()).toMatchObject({outcome: 'refused', keyKept: false});
		expect((await record())?.ambiguous).toBe(false);
		server.script(reused);
		expect(await pay()).toMatchObject({outcome: 'mismatched'});
	});

	test('of a record that a caller names by its own key later is in doubt from then on', async () => {
		const {environment, realm, server, record} = opened({}, undefined);
		server.script(answer(401));
		const {key = ''} = await environment.finish(realm().pay());
		expect(await record()).toMatchObject({ambiguous: false, state: {status: 'unprocessed'}});
		server.script(answer(401));
		const report = await environment.finish(realm().pay({idempotencyKey: key}));
		expect(report).toMatchObject({outcome: 'unknown', key, error: {status: 401}});
		expect(await record()).toMatchObject({ambiguous: true, state: {status: 'unknown'}});
	});

	test('wins over one that is derived, and stays what it was', async () => {
		const {environment, realm, server} = openShop();
		server.script(unreachable, answer(402));
		const {key} = await environment.finish(realm({retry: 0}).pay());
		const {pay} = realm({keyFrom: contentKey(), keySenders: 'anywhere'});
		expect(await environment.finish(pay())).toMatchObject({outcome: 'refused', key, keyKept: false});
	});
});
