import {describe, expectTypeOf, test} from 'vitest';
import {
	createFetch,
	fromContent,
	ietf,
	isLatchkeyError,
	memoryStore,
	outcomeOf,
	type Dialect,
	type ErrorCode,
	type FetchOptions,
	type KeyReuseError,
	type LatchkeyEvent,
	type Meaning,
	type NotSentError,
	type OperationHandle,
	type OperationName,
	type Outcome,
	type OutcomeUnknownError,
	type Snapshot,
	type Store,
	operationOf,
	unfinished,
} from '../src/index.ts';
import {createClient, type Client, type ClientOptions} from '../src/ky/index.ts';

declare const id: string;
declare const maybe: string | undefined;
declare const event: LatchkeyEvent;
declare const error: unknown;

const fetch = createFetch();
const api = createClient();

describe('operation', () => {
	test('takes a string, a tuple that begins with one, fromContent() and true', () => {
		void fetch('/pay', {method: 'POST', operation: 'pay'});
		void fetch('/pay', {method: 'POST', operation: ['pay', id, 42, 42n]});
		void fetch('/pay', {method: 'POST', operation: fromContent()});
		void fetch('/pay', {method: 'POST', operation: true});
		void fetch('/pay', {method: 'POST', operation: ['pay', id] as const});
		void fetch('/pay');
		expectTypeOf<OperationName>().toEqualTypeOf<string | readonly [string, ...Array<string | number | bigint>]>();
	});

	test('takes nothing that could be missing', () => {
		expectTypeOf<string | undefined>().not.toExtend<OperationName>();
		// @ts-expect-error undefined is no name
		void fetch('/pay', {operation: undefined});
		// @ts-expect-error an id that may be missing is no name
		void fetch('/pay', {operation: maybe});
		// @ts-expect-error nor a part of one
		void fetch('/pay', {operation: ['pay', maybe]});
		// @ts-expect-error null is no name
		void fetch('/pay', {operation: null});
		// @ts-expect-error nor a part of one
		void fetch('/pay', {operation: ['pay', null]});
	});

	test('takes nothing else', () => {
		expectTypeOf<number>().not.toExtend<OperationName>();
		// @ts-expect-error a number does not say what is done
		void fetch('/pay', {operation: 42});
		// @ts-expect-error a tuple begins with a string
		void fetch('/pay', {operation: [42, 'pay']});
		// @ts-expect-error an empty tuple names nothing
		void fetch('/pay', {operation: []});
		// @ts-expect-error an object is no name
		void fetch('/pay', {operation: {name: 'pay'}});
		// @ts-expect-error nor a part of one
		void fetch('/pay', {operation: ['pay', {id: 42}]});
		// @ts-expect-error a call without an operation leaves it out
		void fetch('/pay', {operation: false});
		// @ts-expect-error a handle has a name
		operationOf(fetch, true);
		// @ts-expect-error a name that may be missing
		operationOf(fetch, maybe);
	});
});

describe('options', () => {
	test('are those of fetch and ours', () => {
		expectTypeOf(fetch).toExtend<typeof globalThis.fetch>();
		void fetch(new URL('https://shop.test'), {timeout: false, totalTimeout: 1, retry: 2, keepResponse: true});
		void fetch('/pay', {
			retry: {limit: 1, delay: retryCount => retryCount * 2},
			judge: async ({ok}) => (ok ? undefined : 'refused'),
		});
		void fetch('/pay', {reconcile: ({operation, key}) => (operation[0] === key ? 'succeeded' : undefined)});
		void fetch('/pay', {attemptHeaders: async ({key, attempt}) => ({'x-try': `${key} ${attempt}`})});
		void fetch('/pay', {reauthorize: async ({status}, {url}) => status === 401 && url !== ''});
		createFetch({reauthorize: {on: [401, 403], ask: () => false}, attemptHeaders: () => undefined});
		createFetch({store: memoryStore(), scope: null, dialect: ietf({saves: 'errors'}), keyed: ['POST']});
		createFetch({scope: () => maybe, keyed: ({method, url}) => method === url, onStoreError: 'degrade'});
	});

	test('of the wrong kind do not compile', () => {
		expectTypeOf<string>().not.toExtend<FetchOptions['timeout']>();
		// @ts-expect-error milliseconds
		createFetch({timeout: '20s'});
		// @ts-expect-error only false stands for none
		createFetch({totalTimeout: true});
		// @ts-expect-error ky’s, not ours
		createFetch({retry: {methods: ['post']}});
		// @ts-expect-error an unknown option
		createFetch({retries: 3});
		// @ts-expect-error a store
		createFetch({store: new Map()});
		// @ts-expect-error a dialect
		createFetch({dialect: {header: 'Idempotency-Key'}});
		// @ts-expect-error methods
		createFetch({keyed: 'POST'});
		// @ts-expect-error 'fail' or 'degrade'
		createFetch({onStoreError: 'ignore'});
		// @ts-expect-error a judge says what it knows
		createFetch({judge: () => true});
		// @ts-expect-error headers
		createFetch({attemptHeaders: () => 'Bearer x'});
		// @ts-expect-error whether it is mended
		createFetch({reauthorize: () => 'yes'});
		// @ts-expect-error only of a whole fetch
		void fetch('/pay', {scope: null});
		// @ts-expect-error 'success' or 'errors'
		ietf({saves: 'everything'});
	});

	test('scope may be asked for, at once', () => {
		expectTypeOf<() => Promise<string>>().not.toExtend<FetchOptions['scope']>();
		// @ts-expect-error it is read synchronously
		createFetch({scope: async () => id});
	});
});

describe('events', () => {
	test('narrow by their type', () => {
		if (event.type === 'answer') {
			expectTypeOf(event.verdict).toEqualTypeOf<Meaning>();
			expectTypeOf(event.status).toEqualTypeOf<number | undefined>();
		}

		if (event.type === 'wait') expectTypeOf(event.why).toEqualTypeOf<'retry' | 'in-progress' | 'offline'>();
		if (event.type === 'settled') expectTypeOf(event.outcome).toEqualTypeOf<Outcome>();
		expectTypeOf(event.at).toEqualTypeOf<number>();
	});

	test('have no property of another type, and no other type', () => {
		expectTypeOf<'success'>().not.toExtend<LatchkeyEvent['type']>();
		// @ts-expect-error only of an attempt
		void event.attempt;
		// @ts-expect-error there is no such event
		void (event.type === 'success');
	});
});

describe('errors', () => {
	test('narrow by their code', () => {
		if (isLatchkeyError(error, 'OUTCOME_UNKNOWN')) {
			expectTypeOf(error).toEqualTypeOf<OutcomeUnknownError>();
			expectTypeOf(error.expired).toEqualTypeOf<boolean>();
			expectTypeOf<(typeof error)['code']>().toEqualTypeOf<'OUTCOME_UNKNOWN'>();
		}

		if (isLatchkeyError(error)) {
			expectTypeOf<(typeof error)['code']>().toEqualTypeOf<ErrorCode>();
			expectTypeOf<(typeof error)['outcome']>().toEqualTypeOf<Outcome>();
			if (error.code === 'ALREADY_SUCCEEDED') expectTypeOf(error.at).toEqualTypeOf<number | undefined>();
			// @ts-expect-error only of a success
			void error.at;
		}

		// @ts-expect-error there is no such code
		isLatchkeyError(error, 'UNKNOWN');
	});

	test('have literal codes and outcomes', () => {
		expectTypeOf<KeyReuseError['code']>().toEqualTypeOf<'KEY_REUSED'>();
		expectTypeOf<KeyReuseError['outcome']>().toEqualTypeOf<'mismatched'>();
		expectTypeOf<NotSentError['outcome']>().toEqualTypeOf<'not-sent'>();
		expectTypeOf<OutcomeUnknownError['name']>().toEqualTypeOf<'OutcomeUnknownError'>();
	});
});

describe('the client', () => {
	test('takes our options through ky’s', async () => {
		void api.post('orders', {json: {}, operation: ['pay', id], judge: () => undefined, keepResponse: true});
		void api.post('orders', {json: {}, operation: ['pay', id], attemptHeaders: () => ({}), reauthorize: () => true});
		void api.extend({timeout: false}).put('orders/1', {json: {}, retry: {limit: 1, maxRetryAfter: 5}});
		createClient({prefix: '/api', headers: {'x-app': '1'}, dialect: ietf(), keyed: true, scope: null, retry: 2});
		expectTypeOf(await api.get<{id: number}>('orders').json()).toEqualTypeOf<{id: number}>();
	});

	test('takes none of the wrong kind', () => {
		expectTypeOf<ClientOptions>().not.toHaveProperty('operation');
		// @ts-expect-error an id that may be missing
		void api.post('orders', {operation: ['pay', maybe]});
		// @ts-expect-error undefined is no name
		void api.post('orders', {operation: undefined});
		// @ts-expect-error a client’s calls are not one operation
		createClient({operation: 'pay'});
		// @ts-expect-error nor do they have one key
		createClient({idempotencyKey: 'key'});
		// @ts-expect-error of a whole client only
		void api.post('orders', {dialect: ietf()});
	});

	test('stays one when it is extended', async () => {
		expectTypeOf(api.extend({prefix: '/v2'})).toEqualTypeOf<Client>();
		expectTypeOf(api.extend(parent => ({...parent}))).toEqualTypeOf<Client>();
		expectTypeOf(api.create()).toEqualTypeOf<Client>();
		expectTypeOf(operationOf(api.extend({}), 'pay')).toEqualTypeOf<OperationHandle>();
		expectTypeOf(await unfinished(api)).toBeArray();
		// @ts-expect-error a function around a fetch carries no operations
		void unfinished(async (input: string) => fetch(input));
	});
});

describe('handles and outcomes', () => {
	test('a handle shows where its operation stands', () => {
		const handle = operationOf(fetch, 'pay');
		expectTypeOf(handle.state).toEqualTypeOf<Snapshot>();
		expectTypeOf(handle.subscribe).parameter(0).parameter(0).toEqualTypeOf<Snapshot>();
		expectTypeOf(handle.resolve).parameter(0).toEqualTypeOf<'succeeded' | 'refused'>();
		// @ts-expect-error nobody resolves to what is not known
		void handle.resolve('unknown');
		// @ts-expect-error a handle has its name
		void handle.fetch('/pay', {operation: 'other'});
		// @ts-expect-error a snapshot is read only
		handle.state.attempt = 1;
	});

	test('outcomeOf takes a promise of a Response', async () => {
		const report = await outcomeOf(fetch('/pay'));
		expectTypeOf(report.outcome).toEqualTypeOf<Outcome>();
		expectTypeOf(report.response).toEqualTypeOf<Response | undefined>();
		void outcomeOf(api.post('orders'));
		// @ts-expect-error data says nothing of its outcome
		void outcomeOf(api.post('orders').text());
	});

	test('a store and a dialect are plain objects', () => {
		expectTypeOf(memoryStore()).toEqualTypeOf<Store>();
		expectTypeOf({...ietf(), header: 'X-Key'}).toExtend<Dialect>();
	});
});
