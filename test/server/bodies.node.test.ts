import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {idempotent} from '../../src/server/guard.ts';
import type {GuardOptions} from '../../src/server/options.ts';
import {temporaryFolder} from '../stores/sqlite-folder.ts';
import {enginesIn, type Engine} from './engines.ts';
import {codeOf, payment, type Pay} from './shop.ts';

const {freshFile} = temporaryFolder();
const TEN_MEGABYTES = 10 * 1_048_576;

/** Every byte, and nothing that text could be taken for. */
const bytes = (length: number) => Uint8Array.from({length}, (_, i) => (i * 7919) >> 3);

function streamed(chunks: readonly Uint8Array[], breaks = false): ReadableStream<Uint8Array> {
	const left = [...chunks];
	return new ReadableStream({
		pull(controller) {
			const chunk = left.shift();
			if (chunk) controller.enqueue(chunk);
			else if (breaks) controller.error(new Error('the handler hung up'));
			else controller.close();
		},
	});
}

const bodies: ReadonlyArray<readonly [what: string, status: number, body: () => BodyInit | null]> = [
	['no body (204)', 204, () => null],
	['no body (304)', 304, () => null],
	['an empty body', 200, () => ''],
	['text that is no ASCII', 201, () => 'Grüße 💶\0'],
	['binary', 201, () => bytes(1_000)],
	['a body that is streamed', 201, () => streamed([bytes(10), new Uint8Array(), bytes(70_000), bytes(1)]) as BodyInit],
	['a refusal', 402, () => 'declined'],
	['10 MB', 201, () => bytes(TEN_MEGABYTES)],
];

describe.each(enginesIn(freshFile))('with entries on %s', (_, open) => {
	let engine: Engine;
	beforeAll(async () => {
		engine = await open();
	});
	afterAll(async () => engine.close());

	/** A handler of its own, and how often it ran. */
	function guarded(handler: Pay, options: Partial<GuardOptions> = {}) {
		let runs = 0;
		const guard = idempotent<readonly []>(
			(request, operation) => {
				runs++;
				return handler(request, operation);
			},
			{store: engine.store, scope: null, name: crypto.randomUUID(), storeTimeout: 30_000, ...(options as object)},
		);
		return {pay: async (init = {}) => guard(payment(init)), guard, runs: () => runs};
	}

	test.each(bodies)('a repeat gets %s as the first did', async (_what, status, body) => {
		const headers = {'content-type': 'application/x-any', etag: '"1"'};
		const {pay, runs} = guarded(() => new Response(body(), {status, headers}), {bodyLimit: TEN_MEGABYTES});
		const first = await pay();
		const whole = new Uint8Array(await first.arrayBuffer());
		const again = await pay();
		expect([again.status, again.headers.get('etag'), again.headers.get('idempotent-replayed')]).toEqual([
			status,
			'"1"',
			'true',
		]);
		expect([again.body === null, first.body === null]).toEqual([status === 204 || status === 304, body() === null]);
		expect(Buffer.compare(whole, new Uint8Array(await again.arrayBuffer()))).toBe(0);
		expect(Buffer.compare(whole, new Uint8Array(await new Response(body()).arrayBuffer()))).toBe(0);
		expect(runs()).toBe(1);
	});

	test('a body past the limit passes whole, and is never given again in part', async () => {
		const chunks = [bytes(900), bytes(901), bytes(902), bytes(903)];
		const {pay, runs} = guarded(() => new Response(streamed(chunks)), {bodyLimit: 1_000});
		expect(Buffer.compare(await (await pay()).bytes(), Buffer.concat(chunks))).toBe(0);
		const again = await pay();
		expect([again.status, await codeOf(again), runs()]).toEqual([409, 'idempotency-already-executed', 1]);
	});

	test('a body past the limit ends with its caller', async () => {
		let cancel: (reason: unknown) => void = () => undefined;
		const told = new Promise(resolve => {
			cancel = resolve;
		});
		const endless = new ReadableStream({pull: controller => controller.enqueue(bytes(100)), cancel});
		const {pay} = guarded(() => new Response(endless), {bodyLimit: 1_000});
		await (await pay()).body!.cancel('gone');
		expect(await told).toBe('gone');
	});

	test.each([
		['within the limit', 1_000, false],
		['past it', 10, true],
	])('of a body that breaks %s nobody is given the beginning again', async (_where, bodyLimit, begun) => {
		const {pay, runs, guard} = guarded(() => new Response(streamed([bytes(100)], true)), {bodyLimit});
		const first = await pay()
			.then(async it => it.arrayBuffer())
			.catch(String);
		expect(first).toContain('the handler hung up');
		const again = await pay();
		// What is past the limit was kept as done when its headers went.
		const code = begun ? 'idempotency-already-executed' : 'idempotency-outcome-unknown';
		expect([again.status, await codeOf(again), runs()]).toEqual([409, code, 1]);
		expect((await guard.unsettled()).map(({state}) => state)).toEqual(begun ? [] : ['doubt']);
	});

	test('two users with one key never see the answer of each other, nor a doubt of theirs', async () => {
		const scope = (request: Request) => request.headers.get('x-user') ?? '';
		const {pay, runs, guard} = guarded(
			request => {
				const user = request.headers.get('x-user');
				if (user === 'eve') throw new Error('the bank hung up');
				return new Response(`for ${user}`, {status: user === 'bob' ? 402 : 201});
			},
			{scope},
		);
		const ask = async (user: string) => {
			const response = await pay({headers: {'x-user': user}});
			return `${response.status} ${await response.text()}`;
		};
		await expect(ask('eve')).rejects.toThrow('hung up');
		for (let times = 0; times < 2; times++) {
			expect(await ask('ann')).toBe('201 for ann');
			expect(await ask('bob')).toBe('402 for bob');
			expect(await ask('eve')).toContain('outcome-unknown');
		}

		const [entry] = await guard.unsettled();
		expect(await guard.resolve(entry!, new Response('for eve'))).toBe('resolved');
		expect([await ask('ann'), await ask('bob'), await ask('eve')]).toEqual([
			'201 for ann',
			'402 for bob',
			'200 for eve',
		]);
		expect(runs()).toBe(3);
	});
});
