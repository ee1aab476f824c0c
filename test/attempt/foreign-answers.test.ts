import {describe, expect, test} from 'vitest';
import {answerOf} from '../../src/attempt/answer.ts';
import type {FetchOptions} from '../../src/options.ts';
import {openShop, OPERATION, type Realm} from '../operation/shop.ts';

const text = new TextEncoder();
const json = {'content-type': 'application/json'};
const order = {method: 'POST', body: '{}', operation: OPERATION};

/** What somebody's own `fetch` returns, and a polyfill. */
const given = (shape: object) => shape as Response;

/** One press of Pay, sent by a `fetch` that gives this. */
async function pay(answer: () => unknown, options: FetchOptions = {}) {
	const {environment, realm, record} = openShop();
	let sent = 0;
	const tab: Realm = realm({
		...options,
		fetch: async () => {
			sent++;
			return given(answer() as object);
		},
	});
	const report = await environment.finish(tab.pay());
	return {...report, sent, state: (await record())?.state, tab};
}

function iterable(...chunks: unknown[]): AsyncIterable<unknown> & {ended: boolean} {
	const source = {
		ended: false,
		async *[Symbol.asyncIterator]() {
			try {
				yield* chunks;
			} finally {
				source.ended = true;
			}
		},
	};
	return source;
}

function streamOf(...chunks: unknown[]): ReadableStream {
	return new ReadableStream({
		start(controller) {
			for (const chunk of chunks) controller.enqueue(chunk);
			controller.close();
		},
	});
}

describe('an answer that a runtime without streams gives, or somebody’s own fetch, is read', () => {
	const bytes = text.encode('{"id":7}');
	test.each<[string, object]>([
		['by arrayBuffer', {arrayBuffer: async () => bytes.buffer}],
		['by an arrayBuffer that gives a view', {arrayBuffer: async () => bytes}],
		['by text', {text: async () => '{"id":7}'}],
		[
			'by text, where arrayBuffer is not implemented',
			{
				arrayBuffer: async () => Promise.reject(new Error('FileReader.readAsArrayBuffer is not implemented')),
				text: async () => '{"id":7}',
			},
		],
		[
			'by text, where arrayBuffer throws at once',
			{
				arrayBuffer() {
					throw new Error('not implemented');
				},
				text: async () => '{"id":7}',
			},
		],
		['from a stream that can only be iterated', {body: iterable(bytes)}],
		['from chunks of text', {body: streamOf('{"id"', ':7}')}],
		['from chunks that are buffers', {body: streamOf(bytes.buffer)}],
		['from a body that is no stream', {body: '{"id":7}', text: async () => '{"id":7}'}],
	])('%s', async (_, shape) => {
		const {outcome, response, state} = await pay(() => ({status: 201, headers: json, ...shape}));
		expect(outcome).toBe('succeeded');
		expect(state).toMatchObject({status: 'succeeded', httpStatus: 201});
		expect(response).toBeInstanceOf(Response);
		expect(await response?.json()).toEqual({id: 7});
	});
});

describe('headers', () => {
	const shapes: Array<[string, unknown]> = [
		['a plain object', {'Content-Type': 'text/csv', 'X-Id': 7}],
		[
			'a Map',
			new Map([
				['content-type', 'text/csv'],
				['X-ID', '7'],
			]),
		],
		[
			'pairs',
			[
				['Content-Type', 'text/csv'],
				['x-id', '7'],
			],
		],
		[
			'a polyfill that has forEach only',
			{
				forEach(tell: (value: string, name: string) => void) {
					tell('text/csv', 'content-type');
					tell('7', 'x-id');
				},
			},
		],
	];

	test.each(shapes)('may be %s', async (_, headers) => {
		const {response} = await pay(() => ({status: 200, headers, text: async () => 'a,b'}));
		expect(response?.headers.get('content-type')).toBe('text/csv');
		expect(response?.headers.get('x-id')).toBe('7');
	});

	test('may have several values, and some that no header can have', async () => {
		const headers = {
			'set-cookie': ['a=1', 'b=2'],
			'bad name': 'x',
			'x-bad': 'a\nb',
			'x-none': undefined,
			'x-fn': () => 1,
		};
		const {answer} = await answerOf(given({status: 200, headers}), true);
		expect(answer.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
		expect([...answer.headers.keys()]).toEqual(['set-cookie', 'set-cookie']);
	});

	test.each([[undefined], [null], ['text'], [7], [{get: () => 'application/json'}]])(
		'as %o say nothing',
		async headers => {
			const {outcome, response} = await pay(() => ({status: 200, headers, text: async () => 'ok'}));
			expect(outcome).toBe('succeeded');
			expect(await response?.text()).toBe('ok');
		},
	);

	test('are read as those of any answer', async () => {
		const replay = {status: 422, headers: {'Idempotent-Replayed': 'true'}, text: async () => ''};
		expect(await pay(() => replay)).toMatchObject({outcome: 'refused', replayed: true, sent: 1});
	});
});

describe('what cannot be read here counts by its status, and is handed on as it came', () => {
	const used = () => {
		const response = new Response('{"id":7}', {status: 201});
		void response.text();
		return response;
	};
	const locked = () => {
		const response = new Response('{"id":7}', {status: 201});
		response.body?.getReader();
		return response;
	};
	test.each<[string, () => object]>([
		['a status alone', () => ({status: 201})],
		['a status and json', () => ({status: 201, json: async () => ({id: 7})})],
		['what nobody may change', () => Object.freeze({status: 201, json: async () => ({id: 7})})],
		['an answer that was read already', used],
		['an answer that somebody is reading', locked],
		['a Node stream that was read already', () => ({status: 201, body: {...iterable('x'), readableDidRead: true}})],
		['a text that gives nothing', () => ({status: 201, text: async () => undefined})],
	])('%s', async (_, make) => {
		const answer = make();
		const {outcome, response, sent, state, tab} = await pay(() => answer);
		expect({outcome, sent}).toEqual({outcome: 'succeeded', sent: 1});
		expect(state).toMatchObject({status: 'succeeded', httpStatus: 201});
		expect(response).toBe(answer);
		await expect(tab.fetch('https://shop.test/orders', order)).rejects.toMatchObject({code: 'PAYLOAD_CHANGED'});
	});

	test('and a refusal is one', async () => {
		const answer = {status: 402, json: async () => ({})};
		expect(await pay(() => answer)).toMatchObject({outcome: 'refused', sent: 1, response: answer});
	});

	test('and a failure of the server is tried again', async () => {
		const answers = [{status: 503}, {status: 201}];
		expect(await pay(() => answers.shift())).toMatchObject({outcome: 'succeeded', sent: 2});
	});

	test('a stream of what is neither bytes nor text is handed on whole', async () => {
		const {response} = await pay(() => ({status: 200, body: streamOf('first', {row: 1}, {row: 2})}));
		const chunks: unknown[] = [];
		for (const reader = response!.body!.getReader(); ;) {
			const {done, value} = await reader.read();
			if (done) break;
			chunks.push(value);
		}
		expect(chunks).toEqual([text.encode('first'), {row: 1}, {row: 2}]);
	});

	test('judge is asked all the same, and what it cannot read settles nothing', async () => {
		const answer = {status: 200, json: async () => ({status: 'declined'})};
		const judge = async (response: Response) =>
			((await response.json()) as {status: string}).status === 'declined' ? ('refused' as const) : undefined;
		expect(await pay(() => answer, {judge})).toMatchObject({outcome: 'refused', response: answer});
		expect(await pay(used, {judge})).toMatchObject({outcome: 'unknown', sent: 1});
	});

	test('judge sees no body of a stream that cannot be had twice', async () => {
		const answer = {status: 200, headers: {'content-type': 'text/event-stream'}, body: iterable('x')};
		const judge = async (response: Response) => ((await response.text()) === '' ? undefined : ('refused' as const));
		expect(await pay(() => answer, {judge})).toMatchObject({outcome: 'succeeded', response: answer});
	});
});

describe('a body that is cut is an ambiguous failure, and tried again', () => {
	const cut = new TypeError('terminated');
	const failing = async () => Promise.reject(cut);
	test.each<[string, () => object]>([
		['arrayBuffer', () => ({arrayBuffer: failing})],
		['text', () => ({text: failing})],
		['arrayBuffer, after which text gives nothing', () => ({arrayBuffer: failing, bodyUsed: false, text: failing})],
		['a stream', () => ({body: new ReadableStream({pull: controller => controller.error(cut)})})],
		[
			'a stream that can only be iterated',
			() => ({
				body: {
					async *[Symbol.asyncIterator]() {
						yield 'half';
						throw cut;
					},
				},
			}),
		],
	])('by %s', async (_, make) => {
		const answers = [
			{status: 201, ...make()},
			{status: 201, text: async () => 'whole'},
		];
		const {outcome, response, sent, tab} = await pay(() => answers.shift());
		expect({outcome, sent}).toEqual({outcome: 'succeeded', sent: 2});
		expect(tab.events.find(({type}) => type === 'answer')).toMatchObject({verdict: 'failed', error: cut});
		expect(await response?.text()).toBe('whole');
	});
});

describe('a status that none of HTTP is', () => {
	test.each([[undefined], [null], [Number.NaN], ['201'], [0], [200.5], [{}]])('%o settles nothing', async status => {
		const {outcome, sent, error} = await pay(() => ({status, text: async () => 'x'}));
		expect({outcome, sent}).toEqual({outcome: 'unknown', sent: 1});
		expect(error).toMatchObject({code: 'OUTCOME_UNKNOWN', response: {status: 0, ok: false}});
	});

	test.each([[undefined], [null], ['text']])('nor does %o, which is no answer at all', async answer => {
		expect(await pay(() => answer)).toMatchObject({outcome: 'unknown', sent: 1, error: {code: 'OUTCOME_UNKNOWN'}});
	});

	test('and a call without a name has it as it came', async () => {
		const answer = {status: undefined};
		const {environment, realm} = openShop();
		const {fetch} = realm({fetch: async () => given(answer)});
		expect(await environment.finish(fetch('https://shop.test/', {method: 'POST', operation: true}))).toBe(answer);
	});
});

describe('a polyfill that follows redirects and does not say so', () => {
	const from = (url: string, more: object = {}) =>
		pay(() => ({status: 201, headers: json, url, text: async () => '{}', ...more}));

	test.each(['https://shop.test/login', 'https://elsewhere.test/orders', 'https://shop.test/orders?next'])(
		'and ends at %s settles nothing',
		async url => {
			expect(await from(url)).toMatchObject({outcome: 'unknown', sent: 1, state: {status: 'unknown'}});
		},
	);

	test.each(['https://shop.test/orders', 'https://shop.test/orders#paid', '', undefined])(
		'and ends where it was sent, or does not tell, settles: %s',
		async url => {
			expect((await from(url as string)).outcome).toBe('succeeded');
		},
	);

	test('is believed where it says that there was none', async () => {
		expect((await from('https://shop.test/orders/', {redirected: false})).outcome).toBe('succeeded');
	});
});

test('a status text that no constructor takes is kept', async () => {
	const {response} = await pay(() => ({status: 201, statusText: 'Bezahlt ✓\n', text: async () => ''}));
	expect(response).toMatchObject({status: 201, statusText: 'Bezahlt ✓\n'});
	expect(response?.clone().statusText).toBe('Bezahlt ✓\n');
});

test('what comes after 1 MiB of a stream that can only be iterated is passed on, and ended where nobody wants it', async () => {
	const mib = new Uint8Array(1024 * 1024);
	const {stream} = await answerOf(given({status: 200, body: iterable(mib, mib, 'end')}), true);
	expect((await stream!.arrayBuffer()).byteLength).toBe(2 * mib.length + 3);
	const body = iterable(mib, mib, mib, mib);
	const {stream: unwanted} = await answerOf(given({status: 200, body}), true);
	await unwanted!.body!.cancel();
	expect(body.ended).toBe(true);
});
