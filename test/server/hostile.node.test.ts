import * as fc from 'fast-check';
import {expect, test} from 'vitest';
import {idempotent, memoryEntries} from '../../src/server/index.ts';
import {guarded, payment} from './shop.ts';

const header = fc
	.oneof(
		fc.string({unit: fc.integer({min: 32, max: 255}).map(code => String.fromCharCode(code)), maxLength: 300}),
		fc.constantFrom('"', '""', '"a', 'a"', '"a\\"', '"a"; b', 'a,b', ' ', 'k', '"k"', '\\', '__proto__', 'constructor'),
	)
	.filter(value => isHeader(value));

function isHeader(value: string): boolean {
	try {
		return new Headers([['x', value]]).has('x');
	} catch {
		return false;
	}
}

const requests = fc.record({
	keys: fc.array(header, {maxLength: 3}),
	method: fc.constantFrom('POST', 'PUT', 'PATCH', 'DELETE', 'post', 'patch', 'get', 'PURGE', 'GET'),
	path: fc.webPath(),
	query: fc.webQueryParameters(),
	type: fc.option(header),
	body: fc.option(fc.uint8Array({maxLength: 100})),
	breaks: fc.boolean(),
});

test('300 hostile requests: nothing is thrown, nothing hangs, and none is a 500', async () => {
	const allowed = new Set([200, 400, 409, 422]);
	const guard = idempotent(async (request: Request) => new Response(await request.text()), {
		store: memoryEntries(),
		scope: () => 'everybody',
	});
	await fc.assert(
		fc.asyncProperty(requests, async ({keys, method, path, query, type, body, breaks}) => {
			const headers = new Headers(keys.map((key): [string, string] => ['idempotency-key', key]));
			if (type !== null) headers.set('content-type', type);
			const bare = ['GET', 'get'].includes(method) || body === null;
			const stream = () =>
				new ReadableStream({
					start(controller) {
						controller.enqueue(body);
						if (breaks) controller.error(new Error('hung up'));
						else controller.close();
					},
				});
			const init = {method, headers, ...(!bare && {body: stream(), duplex: 'half'})} as RequestInit;
			const response = await guard(new Request(`https://shop.test${path}?${query}`, init));
			expect(allowed).toContain(response.status);
			await response.arrayBuffer();
		}),
		{numRuns: 300},
	);
});

test('of any requests at once under a few keys, each key and payload takes effect once', async () => {
	const one = fc.record({key: fc.constantFrom('a', '"a"', 'b'), body: fc.constantFrom('1', '2')});
	await fc.assert(
		fc.asyncProperty(fc.array(one, {maxLength: 30}), async some => {
			const effects: string[] = [];
			const {guard} = guarded(async request => {
				const key = request.headers.get('idempotency-key')?.replaceAll('"', '') ?? '';
				await Promise.resolve();
				effects.push(key);
				return new Response(await request.text());
			});
			const answers = await Promise.all(some.map(async ({key, body}) => guard(payment({key, body}))));
			expect(new Set(effects).size).toBe(effects.length);
			expect(answers.every(it => [200, 409, 422].includes(it.status))).toBe(true);
			for (const [i, {key, body}] of some.entries()) {
				const again = await guard(payment({key, body}));
				expect(again.status === 422 || (await again.text()) === body).toBe(true);
				expect(answers[i]?.status === 422).toBe(again.status === 422);
			}
		}),
		{numRuns: 100},
	);
});
