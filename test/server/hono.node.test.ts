import {Hono} from 'hono';
import {expect, test} from 'vitest';
import {idempotent} from '../../src/server/index.ts';
import {memoryEntries} from '../../src/server/memory.ts';
import type {Pay} from './shop.ts';

/** A shop in Hono, whose middleware says who is signed in, and adds a header to whatever is answered. */
function shop(handler: Pay) {
	const app = new Hono();
	const pay = idempotent<readonly [user: string]>((request, operation) => handler(request, operation), {
		store: memoryEntries(),
		scope: (_request, user) => user,
	});
	app.use(async (context, next) => {
		await next();
		context.header('x-request-id', 'r1');
	});
	app.post('/pay', async context => pay(context.req.raw, context.req.header('authorization') ?? ''));
	app.onError((_error, context) => context.text('broken', 500));
	const send = async (user: string) =>
		app.request('/pay', {
			method: 'POST',
			headers: {'idempotency-key': 'k1', authorization: user},
			body: '{"amount":1}',
		});
	return {send};
}

test('a handler of Hono runs once for each user and key', async () => {
	let effects = 0;
	const {send} = shop(async request => {
		const order: unknown = await request.json();
		return Response.json({order, effect: ++effects}, {status: 201});
	});
	const [first, again] = [await send('anne'), await send('anne')];
	expect([first.status, again.status, again.headers.get('idempotent-replayed')]).toEqual([201, 201, 'true']);
	expect(again.headers.get('x-request-id')).toBe('r1');
	expect(await again.text()).toBe(await first.text());
	expect(await (await send('bob')).json()).toEqual({order: {amount: 1}, effect: 2});
	expect(effects).toBe(2);
});

test('what it throws goes to the application, and leaves a doubt', async () => {
	const {send} = shop(() => {
		throw new Error('hung up');
	});
	expect(await (await send('anne')).text()).toBe('broken');
	const again = await send('anne');
	expect([again.status, await again.json()]).toMatchObject([409, {code: 'idempotency-outcome-unknown'}]);
});
