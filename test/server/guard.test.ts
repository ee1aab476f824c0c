import {describe, expect, test} from 'vitest';
import {notSaved} from '../../src/dialects/ietf.ts';
import {withCors} from '../../src/server/cors.ts';
import {codeOf, gate, guarded, paid, payment} from './shop.ts';

describe('a repeat', () => {
	test('gets the first answer byte for byte, marked, and nothing runs', async () => {
		const bytes = new Uint8Array([0, 255, 13, 10, 128]);
		const {pay, runs} = guarded(() => new Response(bytes, {status: 201, statusText: 'Made', headers: {etag: '"1"'}}));
		const first = await pay();
		const again = await pay();
		expect([first.headers.get('idempotent-replayed'), again.headers.get('idempotent-replayed')]).toEqual([
			null,
			'true',
		]);
		expect([again.status, again.statusText, again.headers.get('etag')]).toEqual([201, 'Made', '"1"']);
		for (const response of [first, again]) expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes);
		expect(runs()).toBe(1);
	});

	test.each([204, 205, 304])('of a %i has no body either', async status => {
		const {pay, runs} = guarded(() => new Response(null, {status}));
		const answers = [await pay(), await pay()];
		expect(answers.map(it => [it.status, it.body])).toEqual([
			[status, null],
			[status, null],
		]);
		expect(runs()).toBe(1);
	});

	test('after the retention runs again', async () => {
		const {pay, runs, environment} = guarded(paid, {retention: 1_000});
		await pay();
		environment.jump(999);
		expect((await pay()).headers.get('idempotent-replayed')).toBe('true');
		environment.jump(1);
		expect((await pay()).headers.get('idempotent-replayed')).toBeNull();
		expect(runs()).toBe(2);
	});

	test('of what was stored before it was released is there as soon as the first is answered', async () => {
		const store = gate();
		const {pay, store: entries} = guarded(paid);
		const answer = entries.answer;
		entries.answer = async (...step) => {
			await store.opened;
			return answer(...step);
		};
		const told: string[] = [];
		const first = pay().then(() => told.push('first'));
		await new Promise(resolve => setTimeout(resolve, 0));
		expect(told).toEqual([]);
		store.open();
		await first;
		expect((await pay()).headers.get('idempotent-replayed')).toBe('true');
	});
});

describe('a key', () => {
	test('bare and in quotes is one', async () => {
		const {pay, runs} = guarded(paid);
		await pay({key: 'abc'});
		await pay({key: '"abc"'});
		expect(runs()).toBe(1);
	});

	test('that is missing is told, or runs unguarded where none is asked for', async () => {
		const {pay, runs} = guarded(paid);
		const told = await pay({key: null});
		expect([told.status, await codeOf(told), told.headers.get('content-type')]).toEqual([
			400,
			'idempotency-key-missing',
			'application/problem+json',
		]);
		expect(runs()).toBe(0);
		const free = guarded((_, {idempotencyKey, key}) => Response.json([idempotencyKey ?? null, key('a') === key('a')]), {
			required: false,
		});
		const answers = [await free.pay({key: null}), await free.pay({key: null})];
		expect(await Promise.all(answers.map(async it => it.json()))).toEqual([
			[null, false],
			[null, false],
		]);
		expect(free.runs()).toBe(2);
	});

	test.each(['a b', 'a, b', 'x'.repeat(256), '""'])('%j is malformed', async key => {
		const {pay, runs} = guarded(paid);
		expect(await codeOf(await pay({key}))).toBe('idempotency-key-malformed');
		expect(runs()).toBe(0);
	});

	test('of a request of a safe method does not count', async () => {
		const {guard, runs} = guarded(paid);
		for (const method of ['GET', 'HEAD', 'OPTIONS'])
			await guard(new Request('https://shop.test/pay', {method, headers: {'idempotency-key': 'k'}}));
		expect(runs()).toBe(3);
	});

	test('of another method, path or guard is another', async () => {
		const {pay, runs, store} = guarded(paid);
		await pay();
		await pay({method: 'PUT'});
		await pay({path: '/refund'});
		const other = guarded(paid, {name: 'other', store});
		await other.pay();
		expect([runs(), other.runs()]).toEqual([3, 1]);
	});

	test('of another user is another, and neither sees the answer of the other', async () => {
		const scope = (request: Request) => request.headers.get('x-user') ?? new Response(null, {status: 401});
		const {pay, runs} = guarded(request => new Response(`for ${request.headers.get('x-user')}`), {scope});
		const of = async (user: string) => (await pay({headers: {'x-user': user}})).text();
		expect([await of('ann'), await of('bob'), await of('ann'), await of('bob')]).toEqual([
			'for ann',
			'for bob',
			'for ann',
			'for bob',
		]);
		expect((await pay()).status).toBe(401);
		expect(runs()).toBe(2);
	});

	test.each(['POST', 'PUT', 'PATCH', 'DELETE'])('of a %s counts', async method => {
		const {pay, runs} = guarded(paid);
		expect([(await pay({method})).status, (await pay({method})).headers.get('idempotent-replayed')]).toEqual([
			201,
			'true',
		]);
		expect(runs()).toBe(1);
	});

	test('is refused where the scope gives none', async () => {
		const {pay, runs} = guarded(paid, {scope: () => ''});
		await expect(pay()).rejects.toThrow('latchkey: the scope of a guard has to give text');
		// A forgotten user would share the keys of all strangers.
		for (const none of [undefined, null, 0, {}]) {
			const {pay: other} = guarded(paid, {scope: () => none as never});
			await expect(other()).rejects.toThrow('latchkey: the scope of a guard has to give text');
		}

		expect(runs()).toBe(0);
	});

	test.each([5, undefined, null, new Uint8Array([1]), new ArrayBuffer(4), {}])(
		'is refused where fingerprint gives %s, which is no text',
		async print => {
			for (const keyFrom of [undefined, 'content'] as const) {
				const options = {fingerprint: () => print as never, ...(keyFrom && {keyFrom})};
				const {pay, runs} = guarded(paid, options);
				await expect(pay({key: keyFrom ? null : 'key-1'})).rejects.toThrow('fingerprint of a guard has to give text');
				expect(runs()).toBe(0);
			}
		},
	);

	test.each([
		['body', {body: '{"amount":2}'}],
		['query', {path: '/pay?twice'}],
		['content type', {headers: {'content-type': 'text/plain'}}],
	] as const)('with another %s is told, while the first runs, too', async (_, other) => {
		const bank = gate();
		const {pay, runs} = guarded(async () => {
			await bank.opened;
			return new Response('ok');
		});
		const first = pay();
		const told = await pay(other);
		expect([told.status, await codeOf(told)]).toEqual([422, 'idempotency-key-reused']);
		bank.open();
		await first;
		expect((await pay(other)).status).toBe(422);
		expect(runs()).toBe(1);
	});

	test('may have a fingerprint of its own', async () => {
		const {pay, runs} = guarded(paid, {fingerprint: (_, body) => String(body.length)});
		await pay({body: '{"amount":1}'});
		expect((await pay({body: '{"amount":2}'})).status).toBe(201);
		expect((await pay({body: '{"amount":10}'})).status).toBe(422);
		expect(runs()).toBe(1);
	});
});

describe('while the first runs', () => {
	test('others are told when to ask again, by its lease', async () => {
		const bank = gate();
		const {pay, environment} = guarded(
			async () => {
				await bank.opened;
				return new Response('ok');
			},
			{lease: 10_000},
		);
		const first = pay();
		await environment.settle();
		const ask = async () => (await pay()).headers.get('retry-after');
		expect(await ask()).toBe('10');
		environment.jump(2_500);
		expect(await ask()).toBe('8');
		const told = await pay();
		expect([told.status, await codeOf(told)]).toEqual([409, 'idempotency-key-in-progress']);
		bank.open();
		await first;
	});

	test('others wait for its answer where that is asked for, and not for ever', async () => {
		const bank = gate();
		const {pay, runs, environment} = guarded(
			async () => {
				await bank.opened;
				return new Response('ok');
			},
			{waiting: 5_000},
		);
		const first = pay();
		await environment.settle();
		const impatient = await environment.finish(pay());
		expect(impatient.status).toBe(409);
		const waiting = pay();
		await environment.advance(1_000);
		bank.open();
		await first;
		const again = await environment.finish(waiting);
		expect([await again.text(), again.headers.get('idempotent-replayed')]).toEqual(['ok', 'true']);
		expect(runs()).toBe(1);
	});

	test('its lease is renewed, however long it takes', async () => {
		const bank = gate();
		const {pay, runs, environment, types} = guarded(async () => {
			await bank.opened;
			return new Response('ok');
		});
		const first = pay();
		await environment.advance(120_000);
		expect([await codeOf(await pay()), types()]).toEqual(['idempotency-key-in-progress', []]);
		bank.open();
		await first;
		expect(await (await pay()).text()).toBe('ok');
		expect([runs(), environment.timers()]).toEqual([1, 0]);
	});

	test('of 50 at once one runs', async () => {
		const bank = gate();
		const {pay, runs} = guarded(async () => {
			await bank.opened;
			return new Response('ok');
		});
		const all = Array.from({length: 50}, () => pay());
		const others = await Promise.all(all.slice(1));
		expect(new Set(others.map(it => it.status))).toEqual(new Set([409]));
		bank.open();
		expect((await all[0])?.status).toBe(200);
		expect(runs()).toBe(1);
	});
});

describe('what is kept', () => {
	test.each([200, 302, 400, 402, 404, 422])('%i is', async status => {
		const {pay, runs} = guarded(() => new Response('said', {status}));
		await pay();
		const again = await pay();
		expect([again.status, await again.text(), again.headers.get('idempotent-replayed')]).toEqual([
			status,
			'said',
			'true',
		]);
		expect(runs()).toBe(1);
	});

	test.each([...notSaved, 503])('%i is not: nothing was done', async status => {
		const {pay, runs} = guarded(() => new Response('said', {status}));
		await pay();
		expect((await pay()).headers.get('idempotent-replayed')).toBeNull();
		expect(runs()).toBe(2);
	});

	test('a body past the limit passes whole, and others are told that it was executed', async () => {
		const bytes = Uint8Array.from({length: 10_000}, (_, i) => i % 256);
		const chunks = () => new Response(new Blob([bytes]).stream(), {status: 201});
		const {pay, runs} = guarded(chunks, {bodyLimit: 9_999});
		expect(new Uint8Array(await (await pay()).arrayBuffer())).toEqual(bytes);
		const again = await pay();
		expect([again.status, await again.json()]).toEqual([
			409,
			expect.objectContaining({code: 'idempotency-already-executed', executed: {status: 201}}),
		]);
		expect(runs()).toBe(1);
		const whole = guarded(chunks, {bodyLimit: 10_000});
		await whole.pay();
		expect(new Uint8Array(await (await whole.pay()).arrayBuffer())).toEqual(bytes);
	});

	test('is what was said, though its source uses one buffer for all of it', async () => {
		const buffer = new Uint8Array(1);
		let next = 1;
		const body = () =>
			new ReadableStream(
				{
					pull(controller) {
						buffer[0] = next++;
						if (next > 4) controller.close();
						else controller.enqueue(buffer);
					},
				},
				{highWaterMark: 0},
			);
		const {pay} = guarded(() => new Response(body()));
		for (const told of [await pay(), await pay()])
			expect([...new Uint8Array(await told.arrayBuffer())]).toEqual([1, 2, 3]);
	});

	test('a refusal past the limit stays one, without its words', async () => {
		const {pay} = guarded(() => new Response('no'.repeat(100), {status: 402, headers: {etag: '"1"'}}), {bodyLimit: 10});
		await pay();
		const again = await pay();
		expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([402, '', null]);
		expect(again.headers.get('idempotent-replayed')).toBe('true');
	});

	test.each([
		'application/vnd.acme.event-stream+json',
		'application/json; profile="https://a.test/ndjson"',
		'multipart/mixed; boundary=ndjson1',
	])('%s is kept', async type => {
		const {pay, runs} = guarded(() => new Response('{}', {headers: {'content-type': type}}));
		await pay();
		expect(await (await pay()).text()).toBe('{}');
		expect(runs()).toBe(1);
	});

	test('a stream of what are no bytes leaves a doubt, not an empty answer', async () => {
		const text = new ReadableStream<string>({
			start(controller) {
				controller.enqueue('hello');
				controller.close();
			},
		});
		const {pay, runs} = guarded(() => new Response(text));
		await expect(pay()).rejects.toThrow('has to be of bytes');
		expect([await codeOf(await pay()), runs()]).toEqual(['idempotency-outcome-unknown', 1]);
	});

	test.each(['text/event-stream', 'application/ndjson', 'application/x-ndjson; charset=utf-8'])(
		'%s is not waited for',
		async type => {
			const {pay, runs} = guarded(() => new Response(new ReadableStream(), {headers: {'content-type': type}}));
			expect((await pay()).status).toBe(200);
			expect(await codeOf(await pay())).toBe('idempotency-already-executed');
			expect(runs()).toBe(1);
		},
	);
});

test('the handler gets the request itself, unread, and what its framework hands on', async () => {
	const {guard} = guarded(async request => new Response(await request.text()));
	const request = payment({body: 'hello'});
	expect(await (await guard(request)).text()).toBe('hello');
});

test('a body that was read before the guard is a mistake that is told', async () => {
	const {guard, runs} = guarded(paid);
	const request = payment();
	await request.text();
	await expect(guard(request)).rejects.toThrow('latchkey: the body was read before the guard');
	expect(runs()).toBe(0);
});

test('the mark of a replay that another service gave is not kept beside its own', async () => {
	const {pay} = guarded(() => new Response('ok', {headers: {'idempotent-replayed': 'true'}}));
	await pay();
	expect((await pay()).headers.get('idempotent-replayed')).toBe('true');
});

test('the headers of a guard are exposed to pages of other origins', () => {
	const response = withCors(new Response('ok', {headers: {'access-control-expose-headers': 'x-total, retry-after'}}));
	expect(response.headers.get('access-control-expose-headers')).toBe(
		'x-total, retry-after, Idempotent-Replayed, X-Should-Retry',
	);
	expect(response.headers.get('access-control-allow-headers')).toBe('Idempotency-Key');
});

test('the runtime is kept alive for the whole of the work', async () => {
	const bank = gate();
	const works: Array<Promise<unknown>> = [];
	const {guard} = guarded(
		async () => {
			await bank.opened;
			return new Response('ok');
		},
		{waitUntil: work => works.push(work)},
	);
	const answer = guard(payment());
	expect(works).toHaveLength(1);
	const told: string[] = [];
	void works[0]?.then(() => told.push('over'));
	await Promise.resolve();
	expect(told).toEqual([]);
	bank.open();
	await answer;
	await works[0];
	expect(told).toEqual(['over']);
});
