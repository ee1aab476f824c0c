import {describe, expect, test} from 'vitest';
import {createFetch} from '../src/fetch.ts';
import {createClient, createClientIn} from '../src/ky/client.ts';
import {ietf} from '../src/dialects/ietf.ts';
import {isMistake} from '../src/mistake.ts';
import {fetchSpecs, sharedSpecs} from '../src/option-specs.ts';
import {callOptionNames} from '../src/option-names.ts';
import {post, url, watched} from './input/watched.ts';
import {operationOf} from '../src/operation/handle.ts';

/** The message of the mistake, or what became of it instead. */
function messageOf(call: () => unknown): unknown {
	try {
		call();
		return 'nothing was thrown';
	} catch (error) {
		return isMistake(error) && error instanceof TypeError ? error.message : error;
	}
}

async function messageOfCall(init: object, options: object = {}): Promise<unknown> {
	const {fetch, sent} = watched(options);
	const response = await fetch(url, {...post, ...init}).catch((error: unknown) => error);
	if (response instanceof Response) return 'it was sent';
	expect(sent).toEqual([]);
	return messageOf(() => {
		throw response;
	});
}

/** Of the Fetch standard, and what browsers have added since. */
const standard = (
	'method headers body referrer referrerPolicy mode credentials cache redirect integrity keepalive signal duplex priority ' +
	'window attributionReporting browsingTopics adAuctionHeaders sharedStorageWritable privateToken targetAddressSpace'
).split(' ');
const extensions = {
	'Node and undici': [
		'dispatcher',
		'agent',
		'maxRedirections',
		'headersTimeout',
		'bodyTimeout',
		'throwOnError',
		'reset',
	],
	'node-fetch': ['agent', 'compress', 'follow', 'size', 'counter', 'highWaterMark', 'insecureHTTPParser', 'protocol'],
	Bun: ['tls', 'proxy', 'verbose', 'unix', 'decompress', 's3'],
	Deno: ['client'],
	Cloudflare: ['cf', 'fetcher', 'encodeResponseBody', 'webSocket'],
	'Next.js': ['next'],
	'React Native': ['reactNative', 'textStreaming', 'trustAllCerts', 'blobUtil'],
	ofetch: [
		'baseURL',
		'params',
		'query',
		'responseType',
		'parseResponse',
		'ignoreResponseError',
		'retryDelay',
		'retryStatusCodes',
	],
	'fetch-retry': ['retryOn', 'retryDelay'],
	axios: [
		'url',
		'data',
		'params',
		'withCredentials',
		'maxRedirects',
		'responseType',
		'validateStatus',
		'transport',
		'env',
	],
	'TanStack Query': ['queryKey', 'queryHash', 'meta', 'pageParam', 'direction', 'client', 'staleTime', 'gcTime'],
	'an application': [
		'id',
		'name',
		'tag',
		'user',
		'tenant',
		'traceId',
		'requestId',
		'label',
		'debug',
		'x',
		'',
		'__proto',
		'key',
	],
};

describe('a call', () => {
	test.each([
		['Operation', 'operation'],
		['OPERATION', 'operation'],
		['operatoin', 'operation'],
		['opreation', 'operation'],
		['operations', 'operation'],
		['peration', 'operation'],
		['idempotencykey', 'idempotencyKey'],
		['idempotency_key', 'idempotencyKey'],
		['Idempotency-Key', 'idempotencyKey'],
		['idempotenceKeys', 'idempotencyKey'],
		['idempotentKey', 'idempotencyKey'],
		['total_timeout', 'totalTimeout'],
		['totalTimout', 'totalTimeout'],
		['timeOut', 'timeout'],
		['timout', 'timeout'],
		['timeouts', 'timeout'],
		['timeoutMs', 'timeout'],
		['retrys', 'retry'],
		['retries', 'retry'],
		['Retries', 'retry'],
		['maxRetries', 'retry'],
		['rety', 'retry'],
		['ertry', 'retry'],
		['jugde', 'judge'],
		['reconsile', 'reconcile'],
		['fingerPrint', 'fingerprint'],
		['fingerprintHeader', 'fingerprintHeaders'],
		['attemptheaders', 'attemptHeaders'],
		['attemtHeader', 'attemptHeaders'],
		['reauthorise', 'reauthorize'],
		['keepResponses', 'keepResponse'],
		['keep-request', 'keepRequest'],
		['headesr', 'headers'],
		['header', 'headers'],
		['Headers', 'headers'],
		['boddy', 'body'],
		['metod', 'method'],
		['methods', 'method'],
		['signals', 'signal'],
		['keepAlive', 'keepalive'],
		['credential', 'credentials'],
		['redirekt', 'redirect'],
		['referer', 'referrer'],
		['refererpolicy', 'referrerPolicy'],
		['onevent', 'onEvent, of createFetch'],
		['key_from', 'keyFrom, of createFetch'],
		['dialects', 'dialect, of createFetch'],
	])('does not take %s, but %s', async (name, meant) => {
		const message = `latchkey: a call has no option "${name}"; did you mean ${meant}?`;
		expect(await messageOfCall({[name]: 'x'})).toBe(message);
		expect(await messageOfCall({[name]: undefined, operation: 'pay'})).toBe(message);
	});

	test.each(Object.keys(fetchSpecs))('does not take %s, which createFetch has', async name => {
		expect(await messageOfCall({[name]: undefined})).toBe(`latchkey: a call has no option "${name}"; createFetch has`);
	});

	test.each(Object.entries(extensions))('takes what %s adds', async (_, names) => {
		for (const name of names) expect([name, await messageOfCall({[name]: {}})]).toEqual([name, 'it was sent']);
	});

	test.each(standard)('takes %s of the Fetch standard', async name => {
		const {fetch} = watched({fetch: async () => new Response(null, {status: 201})});
		const values: Record<string, unknown> = {...post, method: 'POST', headers: {}, duplex: 'half', window: null};
		const init = {...post, [name]: values[name]};
		expect((await fetch(url, init)).status).toBe(201);
	});

	test('takes all of its own options', async () => {
		for (const name of callOptionNames) {
			const given = {operation: 'pay', idempotencyKey: 'k'}[name];
			expect(await messageOfCall(given === undefined ? {[name]: undefined} : {[name]: given})).toBe('it was sent');
		}
	});

	test('is asked for its own string keys only', async () => {
		const inherited = Object.assign(Object.create({totaltimeout: 5}) as object, post);
		const hidden = Object.defineProperty({...post}, 'totaltimeout', {value: 5});
		const symbol = {...post, [Symbol('totaltimeout')]: 5};
		const {fetch, sent} = watched();
		for (const init of [inherited, hidden, symbol]) {
			expect((await fetch(url, init)).status).toBe(201);
			expect((await operationOf(fetch, ['pay', sent.length]).fetch(url, init)).status).toBe(201);
		}
	});

	test('may have another call for its init, or nothing', async () => {
		const {fetch} = watched();
		expect((await fetch(url, new Request(url, post))).status).toBe(201);
		expect((await fetch(url, undefined)).status).toBe(201);
		expect((await fetch(url, null as never)).status).toBe(201);
	});

	test('is asked through a handle too', async () => {
		const {fetch, sent} = watched();
		const call = operationOf(fetch, 'pay').fetch(url, {...post, total_timeout: 5} as object);
		await expect(call).rejects.toThrow('did you mean totalTimeout?');
		expect(sent).toEqual([]);
	});

	test('is not slow with a long name', async () => {
		expect(await messageOfCall({['o'.repeat(1_000_000)]: 1, [`operation${'n'.repeat(1_000_000)}`]: 1})).toBe(
			'it was sent',
		);
	});
});

describe('createFetch and createClient', () => {
	const makers: Array<[string, (options: object) => unknown]> = [
		['createFetch', createFetch],
		['createClient', createClient],
	];

	test.each([
		['onevent', '; did you mean onEvent?'],
		['on_store_error', '; did you mean onStoreError?'],
		['onStoreErorr', '; did you mean onStoreError?'],
		['scopes', '; did you mean scope?'],
		['keySender', '; did you mean keySenders?'],
		['totaltimeout', '; did you mean totalTimeout?'],
		['retries', '; did you mean retry?'],
		['timeoutMs', '; did you mean timeout?'],
		['Dialect', '; did you mean dialect?'],
		['operation', '; a call has'],
		['idempotencyKey', '; a call has'],
		['operations', '; did you mean operation, of a call?'],
		['nonsense', ''],
		['id', ''],
		['', ''],
	])('do not take %s', (name, hint) => {
		for (const [who, make] of makers)
			expect(messageOf(() => make({[name]: undefined}))).toBe(
				`latchkey: ${who} has no option ${JSON.stringify(name)}${hint}`,
			);
	});

	test('a client of ky 1 is told the new name', () => {
		expect(() => createClient({prefixUrl: '/api'} as object)).toThrow('did you mean prefix?');
	});

	test('take their own string keys only', () => {
		for (const [, make] of makers) {
			const options = Object.create({onevent: 1}) as object;
			Object.defineProperty(options, 'retries', {value: 1});
			expect(() => make(Object.assign(options, {[Symbol('x')]: 1}))).not.toThrow();
		}
	});

	test.each(Object.keys({...fetchSpecs, ...sharedSpecs}))('take %s', name => {
		for (const [, make] of makers) expect(() => make({[name]: undefined})).not.toThrow();
	});

	test.each(['headers', 'credentials', 'hooks', 'prefix', 'next'])('only a client takes %s', name => {
		expect(() => createFetch({[name]: undefined})).toThrow(`createFetch has no option "${name}"`);
		expect(() => createClient({[name]: undefined})).not.toThrow();
	});

	test.each([
		['limits', '; did you mean limit?'],
		['backOffLimit', '; did you mean backoffLimit?'],
		['max_retry_after', '; did you mean maxRetryAfter?'],
		['methods', ''],
	])('their retry does not have %s', async (name, hint) => {
		const message = `latchkey: retry has no option "${name}"${hint}`;
		for (const [, make] of makers) expect(messageOf(() => make({retry: {[name]: 1}}))).toBe(message);
		expect(await messageOfCall({operation: 'pay', retry: {[name]: 1}})).toBe(message);
	});

	test('nor does a dialect', () => {
		expect(messageOf(() => ietf({save: 'errors'} as object))).toBe(
			'latchkey: ietf has no option "save"; did you mean saves?',
		);
	});
});

describe('a client', () => {
	const open = () => {
		const {environment, settings, sent} = watched();
		return {api: createClientIn(environment, settings), sent};
	};

	test.each([
		['idempotencykey', '; did you mean idempotencyKey?'],
		['Operation', '; did you mean operation?'],
		['retrys', '; did you mean retry?'],
		['headesr', '; did you mean headers?'],
		['jsn', '; did you mean json?'],
		['searchParam', '; did you mean searchParams?'],
		['search_params', '; did you mean searchParams?'],
		['baseURL', '; did you mean baseUrl?'],
		['hook', '; did you mean hooks?'],
		['scope', '; createFetch has'],
		['store', '; createFetch has'],
	])('does not take %s in a call', async (name, hint) => {
		const {api, sent} = open();
		const message = `latchkey: a call has no option "${name}"${hint}`;
		await expect(api.post(url, {[name]: 'x'})).rejects.toSatisfy(isMistake);
		await expect(api.post(url, {[name]: 'x'})).rejects.toThrow(new TypeError(message));
		await expect(api.extend({[name]: 'x'}).get(url)).rejects.toThrow(new TypeError(message));
		expect(sent).toEqual([]);
	});

	test('takes what ky has, and what runtimes and applications add', async () => {
		const {api, sent} = open();
		const context = {user: 1};
		const {ofetch: _, ...others} = extensions;
		const names = Object.values(others).flat();
		const extras = Object.fromEntries(names.map(name => [name, undefined]));
		const options = {
			...extras,
			next: {revalidate: 0},
			json: {a: 1},
			context,
			throwHttpErrors: false,
			searchParams: {a: 1},
		};
		expect((await api.post(url, options)).status).toBe(201);
		expect(sent).toHaveLength(1);
	});

	test('takes the options of runtimes from the start', () => {
		const names = [
			'dispatcher',
			'tls',
			'proxy',
			'unix',
			'verbose',
			'decompress',
			'client',
			'cf',
			'next',
			'reactNative',
		];
		for (const name of names) expect(() => createClient({[name]: {}})).not.toThrow();
	});

	test('says which field of retry is misspelt', () => {
		const {api} = open();
		const retry = {limits: 1} as object;
		expect(messageOf(() => api.get(url, {retry}))).toBe('latchkey: retry has no option "limits"; did you mean limit?');
	});
});
