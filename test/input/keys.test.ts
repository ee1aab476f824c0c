import {describe, expect, test} from 'vitest';
import {post, refusedWith, untyped, url, watched} from './watched.ts';
import {operationOf} from '../../src/operation/handle.ts';

const bad: Array<[string, unknown]> = [
	['an empty string', ''],
	['more than 255 characters', 'k'.repeat(256)],
	['a space', 'order 42'],
	['a line break', 'order\n42'],
	['another script', 'заказ'],
];

describe('what is no key is refused before anything is sent or written', () => {
	test.each([...bad, ['undefined', undefined], ['null', null], ['a number', 42]])(
		'as idempotencyKey: %s',
		async (_, idempotencyKey) => {
			const {fetch, failure} = watched();
			expect(await failure(fetch(url, untyped({idempotencyKey})))).toEqual(refusedWith(TypeError, /key/));
			expect(await failure(fetch(url, untyped({idempotencyKey, operation: 'pay'})))).toEqual(
				refusedWith(TypeError, /key/),
			);
		},
	);

	test.each(bad)('in its header: %s', async (_, key) => {
		const {fetch, failure} = watched();
		expect(await failure(fetch(url, untyped({headers: {'Idempotency-Key': key}})))).toEqual(
			refusedWith(TypeError, /key/),
		);
	});

	test.each([...bad, ['undefined', undefined]])('from keyFrom: %s', async (_, key) => {
		const {fetch, failure} = watched({keyFrom: () => key as string, keySenders: 'anywhere'});
		expect(await failure(fetch(url, {...post, operation: 'pay'}))).toEqual(refusedWith(TypeError, /key/));
	});

	test('when keyFrom throws', async () => {
		const keyFrom = () => {
			throw new RangeError('no key today');
		};
		const {fetch, failure} = watched({keyFrom, keySenders: 'anywhere'});
		expect(await failure(fetch(url, {...post, operation: 'pay'}))).toEqual(refusedWith(RangeError, 'no key today'));
	});
});

test('a key of 255 characters is sent', async () => {
	const {fetch, sent} = watched();
	await fetch(url, {...post, idempotencyKey: 'k'.repeat(255)});

	expect(sent[0]?.headers.get('idempotency-key')).toHaveLength(255);
});

describe('two keys for one call are refused', () => {
	test('in option and header', async () => {
		const {fetch, failure} = watched();
		const init = {...post, idempotencyKey: 'one', headers: {'idempotency-key': 'two'}};
		expect(await failure(fetch(url, init))).toEqual(refusedWith(TypeError, 'two different keys'));
	});

	test.each<[string, HeadersInit]>([
		[
			'pairs',
			[
				['idempotency-key', 'one'],
				['Idempotency-Key', 'two'],
			],
		],
		['an object', {'idempotency-key': 'one', 'Idempotency-Key': 'two'}],
		[
			'Headers',
			new Headers([
				['idempotency-key', 'one'],
				['Idempotency-Key', 'two'],
			]),
		],
	])('in one set of headers: %s', async (_, headers) => {
		const {fetch, failure} = watched();
		expect(await failure(fetch(url, {...post, headers}))).toEqual(refusedWith(TypeError, /key/));
	});

	test('unless they are the same', async () => {
		const {fetch} = watched();
		const init = {...post, idempotencyKey: 'one', headers: {'idempotency-key': 'one'}};

		expect((await fetch(url, init)).status).toBe(201);
	});
});

describe('a name that has one key takes no other', () => {
	const pay = {...post, operation: 'pay'};

	test('while a call is under way', async () => {
		const {fetch, sent} = watched();
		const [first, second] = await Promise.allSettled([
			fetch(url, {...pay, idempotencyKey: 'one'}),
			fetch(url, {...pay, idempotencyKey: 'two'}),
		]);

		expect(first).toMatchObject({status: 'fulfilled', value: {status: 201}});
		expect(second).toMatchObject({status: 'rejected', reason: {name: 'TypeError'}});
		expect(sent).toHaveLength(1);
	});

	test('while its outcome is not known', async () => {
		const {fetch, sent, answers} = watched({retry: 0});
		answers.push(() => new Response(null, {status: 503}));
		await expect(fetch(url, {...pay, idempotencyKey: 'one'})).rejects.toMatchObject({code: 'OUTCOME_UNKNOWN'});
		await expect(fetch(url, {...pay, idempotencyKey: 'two'})).rejects.toThrow(TypeError);
		expect(sent).toHaveLength(1);

		const response = await fetch(url, {...pay, idempotencyKey: 'one'});
		expect(response.status).toBe(201);
	});

	test('but a click with that very key joins one without a key that goes on under it', async () => {
		const {fetch, sent, answers} = watched({retry: 0});
		answers.push(() => new Response(null, {status: 503}));
		await expect(fetch(url, {...pay, idempotencyKey: 'one'})).rejects.toMatchObject({code: 'OUTCOME_UNKNOWN'});
		const calls = await Promise.allSettled([
			fetch(url, pay),
			fetch(url, {...pay, idempotencyKey: 'one'}),
			fetch(url, {...pay, idempotencyKey: 'two'}),
		]);

		expect(calls).toMatchObject([{value: {status: 201}}, {value: {status: 201}}, {reason: {name: 'TypeError'}}]);
		expect(sent.map(({headers}) => headers.get('idempotency-key'))).toEqual(['one', 'one']);
	});

	test('after its success', async () => {
		const {fetch, sent} = watched();
		await fetch(url, {...pay, idempotencyKey: 'one'});
		await expect(fetch(url, {...pay, idempotencyKey: 'two'})).rejects.toThrow(TypeError);

		expect(sent).toHaveLength(1);
	});

	test('and when it is freed, it takes any but the last', async () => {
		const {fetch, sent} = watched();
		await fetch(url, {...pay, idempotencyKey: 'one'});
		await operationOf(fetch, 'pay').complete();
		await expect(fetch(url, {...pay, idempotencyKey: 'one'})).rejects.toThrow(TypeError);
		expect(sent).toHaveLength(1);

		expect((await fetch(url, {...pay, idempotencyKey: 'two'})).status).toBe(201);
	});
});
