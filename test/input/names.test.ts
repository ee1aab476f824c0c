import {describe, expect, test} from 'vitest';
import {createClientIn} from '../../src/ky/client.ts';
import {post, refusedWith, untyped, url, watched} from './watched.ts';
import {operationOf} from '../../src/operation/handle.ts';

describe('what names no operation is refused before anything is sent or written', () => {
	test.each<[string, unknown]>([
		['undefined, of a variable that was never set', undefined],
		['null', null],
		['an empty string', ''],
		['false', false],
		['a number', 42],
		['NaN', Number.NaN],
		['an object', {id: 1}],
		['a function', () => 'checkout'],
		['a symbol', Symbol('checkout')],
		['an empty tuple', []],
		['a tuple that begins with a number', [42, 'checkout']],
		['a tuple with a missing id', ['checkout', undefined]],
		['a tuple with null', ['checkout', null]],
		['a tuple with an empty string', ['checkout', '']],
		['a tuple with NaN', ['checkout', Number.NaN]],
		['a tuple with infinity', ['checkout', Number.POSITIVE_INFINITY]],
		['a tuple with a number that is not exact', ['checkout', 2 ** 53]],
		['a tuple with an object', ['checkout', {id: 1}]],
		['a tuple with a hole', Object.assign(Array.from<unknown>({length: 0}), {0: 'checkout', 2: 42})],
		['a name of more than 1,024 characters', 'x'.repeat(1023)],
	])('%s', async (_, operation) => {
		const {fetch, failure} = watched();
		expect(await failure(fetch(url, untyped({operation})))).toEqual(refusedWith(TypeError, /^latchkey: operation/));
	});

	test('undefined, through a client', async () => {
		const {settings, environment, failure} = watched();
		const client = createClientIn(environment, settings);
		const call = client.post(url, untyped({operation: undefined}));
		expect(await failure(Promise.resolve(call))).toEqual(refusedWith(TypeError, /^latchkey: operation is undefined/));
	});
});

test('a handle of what names no operation is refused at once', () => {
	const {fetch} = watched();
	expect(() => operationOf(fetch, '')).toThrow(TypeError);
	expect(() => operationOf(fetch, ['checkout', undefined as unknown as string])).toThrow(/operation\[1\] is undefined/);
});

test('the longest name is sent', async () => {
	const {fetch} = watched();
	const response = await fetch(url, {...post, operation: 'x'.repeat(1020)});

	expect(response.status).toBe(201);
});

test.each(['GET', 'HEAD', 'get'])('a %s has no effect to name', async method => {
	const {fetch, failure} = watched();
	expect(await failure(fetch(url, {method, operation: 'read'}))).toEqual(
		refusedWith(TypeError, 'leave out its operation'),
	);
});

test('a call without a method is a GET', async () => {
	const {fetch, failure} = watched();
	expect(await failure(fetch(url, {operation: 'read'}))).toEqual(refusedWith(TypeError, 'a GET has no effect to name'));
});

describe('whose operation it is', () => {
	const server = {shared: true};

	test.each<[string, object]>([
		['nobody says so', {scope: undefined}],
		['nobody is signed in', {scope: () => undefined}],
	])('must be said on a server, where one process serves many users: %s', async (_, options) => {
		const {fetch, failure} = watched(options, server);
		expect(await failure(fetch(url, {...post, operation: 'pay'}))).toEqual(refusedWith(TypeError, 'needs a scope'));
	});

	test('may be nobody, explicitly', async () => {
		const {fetch} = watched({scope: () => null}, server);
		expect((await fetch(url, {...post, operation: 'pay'})).status).toBe(201);
	});

	test('need not be said in a browser, or for a call without a name', async () => {
		const browser = watched({scope: () => undefined}, {shared: false});
		expect((await browser.fetch(url, {...post, operation: 'pay'})).status).toBe(201);
		const other = watched({scope: () => undefined}, server);
		expect((await other.fetch(url, {...post, operation: true})).status).toBe(201);
		expect((await other.fetch(url, {...post, idempotencyKey: 'k'})).status).toBe(201);
	});

	test.each(['', 7, {}, false])('is a non-empty string: %j', async scope => {
		const {fetch, failure} = watched({scope: () => scope as string});
		expect(await failure(fetch(url, {...post, operation: 'pay'}))).toEqual(refusedWith(TypeError, 'scope'));
	});

	test('is not known when the function throws', async () => {
		const scope = () => {
			throw new RangeError('no session');
		};
		const {fetch, failure} = watched({scope});
		expect(await failure(fetch(url, {...post, operation: 'pay'}))).toEqual(refusedWith(RangeError, 'no session'));
	});
});
