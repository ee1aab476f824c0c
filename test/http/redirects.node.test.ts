import {expect, test} from 'vitest';
import {ietf, unfinished} from '../../src/index.ts';
import {answerAfter, answerBefore} from '../support/faulty-server.ts';
import {startIdempotentServer} from '../support/idempotent-server.ts';
import {keysOf, realm} from './realm.ts';

const order = {method: 'POST', body: '{"amount":1}', operation: 'pay'} as const;

test('a login page is no success: the outcome is unknown, and the same call later goes under the same key', async () => {
	await using server = await startIdempotentServer();
	server.script([answerBefore(302, {location: '/login'})]);
	const {fetch} = realm();
	const error = await fetch(`${server.origin}/pay`, order).catch((thrown: unknown) => thrown);

	expect(error).toMatchObject({code: 'OUTCOME_UNKNOWN', attempts: 1, status: 302});
	expect(server.requests.map(({url}) => url)).toEqual(['/pay']);
	expect(server.effects.size).toBe(0);
	expect((await fetch(`${server.origin}/pay`, order)).status).toBe(201);
	expect(new Set(keysOf(server)).size).toBe(1);
});

test('a receipt page behind a 303 after the effect is no refusal: the same call later gets the saved answer', async () => {
	await using server = await startIdempotentServer();
	server.script([answerAfter(303, {location: '/receipt'})]);
	const {fetch} = realm();
	await expect(fetch(`${server.origin}/pay`, order)).rejects.toMatchObject({code: 'OUTCOME_UNKNOWN', attempts: 1});

	expect(server.effects.size).toBe(1);
	expect((await fetch(`${server.origin}/pay`, order)).headers.get('idempotent-replayed')).toBe('true');
	expect([...server.effects.values()]).toEqual([1]);
});

test('a 307 to another server carries neither key nor bytes there', async () => {
	await using server = await startIdempotentServer();
	await using other = await startIdempotentServer();
	server.script([answerBefore(307, {location: `${other.origin}/pay`})]);
	const {fetch} = realm();

	await expect(fetch(`${server.origin}/pay`, order)).rejects.toMatchObject({code: 'OUTCOME_UNKNOWN', status: 307});
	expect(other.requests).toEqual([]);
});

test('a page that was followed to because the caller said so is no success either', async () => {
	await using server = await startIdempotentServer();
	server.script([answerBefore(302, {location: '/login'})]);
	const {fetch} = realm();
	const call = fetch(`${server.origin}/pay`, {...order, redirect: 'follow'});

	await expect(call).rejects.toMatchObject({code: 'OUTCOME_UNKNOWN', status: 200, response: {redirected: true}});
	expect(await unfinished(fetch)).toHaveLength(1);
});

test('where the dialect says that redirects settle, the answer at their end does', async () => {
	await using server = await startIdempotentServer();
	server.script([answerAfter(303, {location: '/receipt'})]);
	const {fetch} = realm({dialect: {...ietf(), redirects: 'settle'}});
	const response = await fetch(`${server.origin}/pay`, order);

	expect(response).toMatchObject({status: 200, redirected: true, url: `${server.origin}/receipt`});
	expect(response.clone()).toMatchObject({redirected: true, url: `${server.origin}/receipt`});
	expect(await response.text()).toBe('<h1>A page</h1>');
	expect(await unfinished(fetch)).toEqual([]);
});

test.each([{}, {dialect: {...ietf(), redirects: 'settle'} as const}])(
	'a redirect that is not followed is never a refusal: its effect may have taken place (%o)',
	async options => {
		await using server = await startIdempotentServer();
		server.script([answerAfter(303, {location: '/receipt'})]);
		const {fetch} = realm(options);
		const call = fetch(`${server.origin}/pay`, {...order, redirect: 'manual'});

		await expect(call).rejects.toMatchObject({code: 'OUTCOME_UNKNOWN', status: 303});
		expect(server.requests).toHaveLength(1);
		expect(await unfinished(fetch)).toHaveLength(1);
	},
);

test('a redirect that fetch was told to fail on is no proof that nothing took place', async () => {
	await using server = await startIdempotentServer();
	server.script([answerAfter(303, {location: '/receipt'})]);
	const {fetch} = realm({retry: 0});

	await expect(fetch(`${server.origin}/pay`, {...order, redirect: 'error'})).rejects.toMatchObject({
		code: 'OUTCOME_UNKNOWN',
	});
	expect([...server.effects.values()]).toEqual([1]);
});
