import {describe, expect, test} from 'vitest';
import type {OperationRecord} from '../../src/operation/record.ts';
import {drop} from '../support/fake-server.ts';
import {openShop} from './shop.ts';
import {unfinished} from '../../src/operation/unfinished.ts';

const request = {method: 'POST', url: 'https://shop.test/', body: null};
const answer = {status: 201, statusText: '', headers: [], body: new Uint8Array(), url: ''};
const numbers = ['token', 'leaseUntil', 'createdAt', 'updatedAt', 'keyUntil', 'keepUntil', 'dueSince', 'answerUntil'];
const texts = ['scope', 'name', 'key', 'previousKey', 'fingerprint', 'bytes', 'owner'];
const flags = ['freed', 'ambiguous', 'awaited'];

const fields: Array<[string, object]> = [
	...numbers.flatMap(name => ['1', Number.NaN, {}, null].map((value): [string, object] => [name, {[name]: value}])),
	...texts.flatMap(name => [1, {}, null].map((value): [string, object] => [name, {[name]: value}])),
	...flags.flatMap(name => ['false', 0, null].map((value): [string, object] => [name, {[name]: value}])),
	...[2, '1', undefined].map((version): [string, object] => ['version', {version}]),
	...[null, 'unknown', {}, {status: 'done'}, {status: 'refused', httpStatus: '402'}].map((state): [string, object] => [
		'state',
		{state},
	]),
	...[
		1,
		null,
		{...request, method: 1},
		{...request, url: {}},
		{...request, contentType: 1},
		{...request, headers: {}},
		{...request, headers: [['a']]},
		{...request, headers: [['a', 1]]},
		{...request, body: 'text'},
	].map((kept): [string, object] => ['request', {request: kept}]),
	...[
		1,
		null,
		{...answer, status: '200'},
		{...answer, status: 99},
		{...answer, statusText: 1},
		{...answer, url: 1},
		{...answer, headers: {}},
		{...answer, headers: ['ab']},
		{...answer, body: 'text'},
	].map((kept): [string, object] => ['answer', {answer: kept}]),
];

describe('a record of the wrong kind is a StoreError, and nothing is sent', () => {
	test.each(fields)('%s: %o', async (_, hostile) => {
		const {environment, realm, server, record} = openShop();
		server.script(drop);
		await environment.finish(realm({retry: 0}).pay());
		const broken = {...(await record()), ...hostile} as OperationRecord;
		const {pay} = realm({}, {claim: () => ({status: 'claimed', record: broken, now: environment.now()})});
		expect((await environment.finish(pay())).error).toMatchObject({code: 'STORE_FAILED'});
		const {fetch} = realm({}, {list: () => [{record: broken, now: environment.now()}]});
		await expect(unfinished(fetch)).rejects.toMatchObject({code: 'STORE_FAILED'});
		expect(server.requests).toHaveLength(1);
	});
});

describe('what is wrong with a record is told', () => {
	test.each([
		[null, 'it is not a record'],
		['text', 'it is not a record'],
		[{}, 'it has version undefined, this release knows 1'],
		[{version: 2}, 'it has version 2, this release knows 1'],
		[{version: 1}, 'its fields are not those of a record'],
	])('%o: %s', async (hostile, words) => {
		const {environment, realm} = openShop();
		const record = hostile as unknown as OperationRecord;
		const {pay} = realm({}, {claim: () => ({status: 'claimed', record, now: environment.now()})});
		const message = expect.stringContaining(words) as unknown;
		expect((await environment.finish(pay())).error).toMatchObject({code: 'STORE_FAILED', message});
	});
});

describe('a word that no store answers, with a sound record', () => {
	const status = 'maybe' as never;

	test('is a StoreError of a claim, and nothing is sent', async () => {
		const {environment, realm, server, store} = openShop();
		const {pay} = realm({}, {claim: async (id, claim) => ({...(await store.claim(id, claim)), status})});
		expect((await environment.finish(pay())).error).toMatchObject({code: 'STORE_FAILED'});
		expect(server.requests).toHaveLength(0);
	});

	test('is a StoreError of a way out', async () => {
		const {environment, realm, store} = openShop();
		await environment.finish(realm().pay());
		const {handle} = realm({}, {forget: async (id, freeing) => ({...(await store.forget(id, freeing)), status})});
		await expect(handle.complete()).rejects.toMatchObject({code: 'STORE_FAILED'});
	});

	test('takes nothing from an answer, and is told by an event', async () => {
		const {environment, realm, store} = openShop();
		const page = realm({}, {settle: async (id, settlement) => ({...(await store.settle(id, settlement)), status})});
		expect(await environment.finish(page.pay())).toMatchObject({outcome: 'succeeded', error: undefined});
		expect(page.events).toContainEqual(expect.objectContaining({type: 'store-error', step: 'settle'}));
	});
});

const times: Array<[unknown]> = [['1800000000000'], [Number.NaN], [Number.POSITIVE_INFINITY], [null], [undefined]];

describe('a time of the store that is no number is a StoreError, and nothing is sent', () => {
	test.each(times)('%o', async time => {
		const {environment, realm, server, store} = openShop();
		server.script(drop);
		await environment.finish(realm({retry: 0}).pay());
		const now = time as number;
		const {pay} = realm({}, {claim: async (id, claim) => ({...(await store.claim(id, claim)), now})});
		expect((await environment.finish(pay())).error).toMatchObject({code: 'STORE_FAILED'});
		const {fetch} = realm({}, {list: async (...of) => (await store.list(...of)).map(({record}) => ({record, now}))});
		await expect(unfinished(fetch)).rejects.toMatchObject({code: 'STORE_FAILED'});
		expect(server.requests).toHaveLength(1);
	});

	test.each(times)('%o, with the word that a key was used', async time => {
		const {environment, realm, server} = openShop();
		const now = time as number;
		const {pay} = realm({}, {claim: () => ({status: 'key-used', previousKey: null, now})});
		expect((await environment.finish(pay())).error).toMatchObject({code: 'STORE_FAILED'});
		expect(server.requests).toHaveLength(0);
	});
});

describe('a record of the wrong kind that a store gives back when it writes', () => {
	test.each(numbers)('is a StoreError of a way out, too: %s as text', async name => {
		const {environment, realm, server, store} = openShop();
		await environment.finish(realm().pay());
		const {handle} = realm(
			{},
			{
				async forget(id, freeing) {
					const {record, ...result} = await store.forget(id, freeing);
					return {...result, record: {...record, [name]: '1'} as OperationRecord};
				},
			},
		);
		await expect(handle.complete()).rejects.toMatchObject({code: 'STORE_FAILED'});
		expect(server.charges()).toBe(1);
	});

	test.each(numbers)('takes nothing from an answer, and is told by an event: %s as text', async name => {
		const {environment, realm, store} = openShop();
		const page = realm(
			{},
			{
				async settle(id, settlement) {
					const {record, ...result} = await store.settle(id, settlement);
					return {...result, record: {...record, [name]: '1'} as OperationRecord};
				},
			},
		);
		expect(await environment.finish(page.pay())).toMatchObject({outcome: 'succeeded', error: undefined});
		const error = expect.objectContaining({code: 'STORE_FAILED'}) as unknown;
		expect(page.events).toContainEqual(expect.objectContaining({type: 'store-error', step: 'settle', error}));
	});
});
