import {describe, expect, test} from 'vitest';
import {ietf} from '../../src/dialects/ietf.ts';
import type {FetchOptions} from '../../src/options.ts';
import type {Store} from '../../src/stores/store.ts';
import {after, answer, drop, lose, redirected, unreachable} from '../support/fake-server.ts';
import {OPERATION, openShop} from './shop.ts';

describe('a call that ends with nothing ambiguous', () => {
	test.each([425, 429])(
		'only %i: the last Response is returned, and the same request goes on under its key',
		async status => {
			const {environment, realm, server, record} = openShop();
			server.script(...Array.from({length: 4}, (_, i) => answer(status, {'x-attempt': String(i + 1)})));
			const {pay} = realm();
			const report = await environment.finish(pay());
			expect(report).toMatchObject({outcome: 'refused', error: undefined, attempts: 4, keyKept: true});
			expect(report.response?.status).toBe(status);
			expect(report.response?.headers.get('x-attempt')).toBe('4');
			expect((await record())?.state).toEqual({status: 'unprocessed', httpStatus: status});
			expect(await environment.finish(pay())).toMatchObject({outcome: 'succeeded', key: report.key});
			expect(new Set(server.keys()).size).toBe(1);
		},
	);

	test('no connection was made: NotSentError, and the same request goes on under its key', async () => {
		const {environment, realm, server} = openShop();
		server.script(unreachable, unreachable, unreachable, unreachable);
		const {pay} = realm();
		const {outcome, error, key} = await environment.finish(pay());
		expect(outcome).toBe('not-sent');
		expect(error).toMatchObject({code: 'NOT_SENT', attempts: 4, operation: OPERATION, keyKept: true});
		expect((error as Error).cause).toMatchObject({code: 'NOT_SENT', operation: undefined});
		const again = await environment.finish(pay());
		expect(again.outcome).toBe('succeeded');
		expect(again.key).toBe(key);
	});

	test('a refusal after attempts that were never sent or not processed is believed', async () => {
		const {environment, realm, server} = openShop();
		server.script(unreachable, answer(429), answer(402));
		expect(await environment.finish(realm().pay())).toMatchObject({outcome: 'refused', attempts: 3});
	});

	test('one ambiguous attempt among them makes it unknown, and the key stays', async () => {
		const {environment, realm, server} = openShop();
		server.script(drop, answer(429), answer(429), unreachable);
		const {pay} = realm();
		const {outcome, key, error} = await environment.finish(pay());
		expect(outcome).toBe('unknown');
		expect((error as Error).cause).not.toHaveProperty('cause');
		expect((await environment.finish(pay())).key).toBe(key);
	});
});

describe('an error of a named call', () => {
	test('carries the last answer, the first failure, and what is known', async () => {
		const {environment, realm, server} = openShop();
		server.script(drop, answer(503, {'x-attempt': '2'}, 'busy'), answer(503, {'x-attempt': '3'}, 'busy'), drop);
		const {error, key} = await environment.finish(realm().pay());
		const {response, cause} = error as Error & {response: Response};
		expect(response.headers.get('x-attempt')).toBe('3');
		expect(await response.text()).toBe('busy');
		expect(cause).toEqual(new TypeError('fetch failed'));
		expect(JSON.parse(JSON.stringify(error))).toMatchObject({
			code: 'OUTCOME_UNKNOWN',
			outcome: 'unknown',
			operation: OPERATION,
			key,
			attempts: 4,
			status: 503,
		});
	});

	test('carries no answer of the server where the application found out otherwise', async () => {
		const {environment, realm, server} = openShop();
		server.script(answer(503));
		const {error, outcome} = await environment.finish(realm({retry: 0, reconcile: () => 'succeeded'}).pay());
		expect(outcome).toBe('succeeded');
		expect(error).toMatchObject({code: 'ALREADY_SUCCEEDED', response: undefined, status: undefined});
	});

	test.each<[number, object]>([
		[429, {outcome: 'refused', keyKept: true}],
		[402, {outcome: 'not-sent', keyKept: true}],
	])('of a last attempt that was not sent goes by what an earlier %d tells', async (status, told) => {
		const {environment, realm, server} = openShop();
		server.script(answer(status, {'x-should-retry': 'true'}), unreachable);
		expect(await environment.finish(realm({retry: 1}).pay())).toMatchObject(told);
	});

	test('of a key that others may have sent names what may be declared, and is not yet', async () => {
		const hint = async (options: FetchOptions, over: Partial<Store> = {}) => {
			const {environment, realm, server} = openShop();
			server.script(answer(401));
			return String((await environment.finish(realm({retry: 0, ...options}, over).pay({idempotencyKey: 'k'}))).error);
		};
		expect(await hint({})).toContain("declare saves: 'errors', keySenders: 'this-store', or reconcile");
		const dialect = ietf({saves: 'errors'});
		expect(await hint({dialect})).toContain("declare keySenders: 'this-store', or reconcile");
		const broken = {claim: async () => Promise.reject(new Error('disk full'))};
		const said: FetchOptions = {keySenders: 'this-store', onStoreError: 'degrade'};
		expect(await hint(said, broken)).toContain("declare saves: 'errors', or reconcile");
		expect(await hint({...said, dialect}, broken)).toMatch(/is not known: reconcile\.$/);
	});

	test('of a cross-origin call that fails without a word names the header that a preflight must allow', async () => {
		const {environment, realm, server} = openShop();
		environment.base = 'https://other.test/';
		server.script(drop, drop, drop, drop);
		const {events, pay} = realm();
		const {error} = await environment.finish(pay());
		expect(String(error)).toContain('Idempotency-Key');
		expect(events).toContainEqual(expect.objectContaining({type: 'preflight-suspected', header: 'Idempotency-Key'}));
	});
});

describe('judge', () => {
	const no = {resolver: () => Response.json({paid: false})};
	const judge = async (response: Response) =>
		((await response.json()) as {paid: boolean}).paid ? ('succeeded' as const) : ('refused' as const);

	test('says that a 200 means no: the Response is returned, and the next call gets a new key', async () => {
		const {environment, realm, server} = openShop(no);
		const {pay} = realm({judge});
		const report = await environment.finish(pay());
		expect(report).toMatchObject({outcome: 'refused', error: undefined});
		expect(await report.response?.json()).toEqual({paid: false});
		await environment.finish(pay());
		expect(new Set(server.keys()).size).toBe(2);
	});

	test('is believed after an ambiguous attempt, because the repeat is a replay', async () => {
		const {environment, realm, server} = openShop(no);
		server.script(lose);
		expect(await environment.finish(realm({judge}).pay())).toMatchObject({outcome: 'refused', replayed: true});
	});

	test('without an opinion leaves it at the status', async () => {
		const {environment, realm} = openShop(no);
		expect((await environment.finish(realm({judge: () => undefined}).pay())).outcome).toBe('succeeded');
	});

	test('that throws settles nothing: unknown, without a retry, with its error as the cause', async () => {
		const {environment, realm, server, record} = openShop(no);
		const cause = new Error('no such field');
		const judgeBadly = () => {
			throw cause;
		};
		const {outcome, error} = await environment.finish(realm({judge: judgeBadly}).pay());
		expect(outcome).toBe('unknown');
		expect(error).toMatchObject({code: 'OUTCOME_UNKNOWN', cause});
		expect(server.requests).toHaveLength(1);
		expect((await record())?.state).toEqual({status: 'unknown'});
	});

	test('is not asked about a redirect or an error', async () => {
		const {environment, realm, server} = openShop();
		const asked: number[] = [];
		const ask = ({status}: Response) => {
			asked.push(status);
			return 'succeeded' as const;
		};
		server.script(answer(402), redirected());
		const {pay} = realm({judge: ask});
		expect((await environment.finish(pay())).outcome).toBe('refused');
		expect((await environment.finish(pay())).outcome).toBe('unknown');
		expect(asked).not.toContain(402);
	});
});

describe('answers that are passed on', () => {
	const endless = () => new Response('data: 1\n\n', {headers: {'content-type': 'text/event-stream'}});

	test('an event stream settles at its headers and goes to the first caller; joiners are told of the success', async () => {
		const {environment, realm, server} = openShop();
		server.script(after(10, async () => endless()));
		const {pay} = realm();
		const [first, joiner] = await environment.finish(Promise.all([pay(), pay()]));
		expect(await first.response?.text()).toBe('data: 1\n\n');
		expect(joiner.error).toMatchObject({code: 'ALREADY_SUCCEEDED', status: 200});
		expect(server.requests).toHaveLength(1);
	});

	test('a body that is cut is retried under the same key', async () => {
		const {environment, realm, server} = openShop();
		server.script(async ({serve}) => {
			const response = await serve();
			const body = new ReadableStream({
				start(controller) {
					controller.enqueue(new TextEncoder().encode('{"ke'));
					controller.error(new TypeError('terminated'));
				},
			});
			return new Response(body, response);
		});
		expect(await environment.finish(realm().pay())).toMatchObject({outcome: 'succeeded', attempts: 2, replayed: true});
		expect(server.charges()).toBe(1);
	});
});
