import {describe, expect, test} from 'vitest';
import {codeOf, guarded, paid} from './shop.ts';

const replayed = (response: Response) => response.headers.get('idempotent-replayed') === 'true';

describe('the key of a request that comes without one', () => {
	test('may be of its content, until the retention is over', async () => {
		const {pay, runs, environment} = guarded(paid, {keyFrom: 'content', retention: 1_000});
		await pay({key: null});
		expect(replayed(await pay({key: null}))).toBe(true);
		await environment.advance(1_000);
		expect([replayed(await pay({key: null})), runs()]).toEqual([false, 2]);
	});

	test.each([
		['body', {body: '{"amount":2}'}],
		['query', {path: '/pay?again'}],
		['path', {path: '/other'}],
		['method', {method: 'PUT'}],
		['content type', {headers: {'content-type': 'text/plain'}}],
		['scope', {headers: {'x-user': 'bob'}}],
		['own key', {key: 'own'}],
	])('is another one where its %s is another', async (_, init) => {
		const scope = (request: Request) => request.headers.get('x-user') ?? 'ann';
		const {pay, runs} = guarded(paid, {keyFrom: 'content', scope});
		await pay({key: null});
		expect(replayed(await pay({key: null, ...init}))).toBe(false);
		expect(runs()).toBe(2);
	});

	test('counts what fingerprint counts', async () => {
		const {pay, runs} = guarded(paid, {keyFrom: 'content', fingerprint: (_, body) => String(body.byteLength)});
		await pay({key: null, body: 'one'});
		expect(replayed(await pay({key: null, body: 'two'}))).toBe(true);
		expect(runs()).toBe(1);
	});

	test('may be in its content, and then another content under it is refused', async () => {
		const keyFrom = (_: Request, body: Uint8Array) => /id-\d/.exec(new TextDecoder().decode(body))?.[0];
		const keys: unknown[] = [];
		const {pay} = guarded(
			(_, {idempotencyKey}) => {
				keys.push(idempotencyKey);
				return new Response('ok');
			},
			{keyFrom},
		);
		await pay({key: null, body: 'id-1'});
		expect(replayed(await pay({key: null, body: 'id-1'}))).toBe(true);
		expect(await codeOf(await pay({key: null, body: 'id-1 and more'}))).toBe('idempotency-key-reused');
		expect(await codeOf(await pay({key: null, body: 'none'}))).toBe('idempotency-key-missing');
		expect(keys).toEqual(['id-1']);
	});

	test.each(['two words', '', 5, ['a'], {}])('has to be one, and %j is none', async key => {
		const {pay, runs} = guarded(paid, {keyFrom: () => key as never});
		await expect(pay({key: null})).rejects.toThrow('keyFrom of a guard has to give');
		expect(runs()).toBe(0);
	});

	test('is not asked for where one was sent, and what was sent badly is no reason', async () => {
		const keyFrom = () => {
			throw new Error('not asked for');
		};
		const {pay} = guarded(paid, {keyFrom});
		expect((await pay()).status).toBe(201);
		expect(await codeOf(await pay({key: 'two words'}))).toBe('idempotency-key-malformed');
	});
});

describe('where only keys are kept', () => {
	test.each([200, 201, 303])('a repeat after %d is told that it was executed', async status => {
		const {pay, runs} = guarded(() => new Response('secret', {status, headers: {location: '/x', 'x-a': 'b'}}), {
			answers: 'drop',
		});
		expect(await (await pay()).text()).toBe('secret');
		const again = await pay();
		expect([again.status, await codeOf(again), runs()]).toEqual([409, 'idempotency-already-executed', 1]);
	});

	test.each([0, 2 ** 31, Infinity])('nothing else is, where bodies of %d bytes would be', async bodyLimit => {
		const {pay} = guarded(() => new Response('secret', {status: 201}), {answers: 'drop', bodyLimit});
		await pay();
		expect(await codeOf(await pay())).toBe('idempotency-already-executed');
	});

	test('a refusal keeps its status, so that nobody takes it for a success', async () => {
		const {pay} = guarded(() => new Response('declined', {status: 402}), {answers: 'drop'});
		await pay();
		const again = await pay();
		expect([again.status, replayed(again), await again.text()]).toEqual([402, true, '']);
	});

	test('an answer for the time being is no execution', async () => {
		const {pay} = guarded((_, {pending}) => pending(new Response('working on it', {status: 202})), {answers: 'drop'});
		await pay();
		const again = await pay();
		expect([again.status, await again.text()]).toEqual([202, 'working on it']);
	});
});
