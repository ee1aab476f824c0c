import {describe, expect, test} from 'vitest';
import type {FetchOptions} from '../../src/options.ts';
import {answer, drop, ok, unreachable, type Step} from '../support/fake-server.ts';
import {faulty} from './faulty-store.ts';
import {openShop, type Realm} from './shop.ts';
import {forgetAll} from '../../src/operation/forget-all.ts';

const degrade: FetchOptions = {onStoreError: 'degrade', retry: 0};
const mismatch = answer(422, {}, 'idempotency key reused');

/** The store holds a key of another tab, which has ended; this page saw nothing of it, and sends while its store fails. */
async function openPages(theirs: Step, end: (other: Realm) => Promise<void>, ours: Step) {
	const shop = openShop();
	const {environment, server, store, realm, record} = shop;
	const other = realm({retry: 0});
	server.script(theirs);
	await environment.finish(other.pay());
	await end(other);
	const before = (await record())!;
	const disk = faulty(store);
	disk.breaks();
	const page = realm(degrade, disk.over);
	server.script(ours);
	const report = await environment.finish(page.pay());
	return {...shop, disk, page, before, report};
}

const free: Array<[string, Step, (other: Realm) => Promise<void>]> = [
	['was completed', ok, async ({handle}) => handle.complete()],
	['was forgotten by force', drop, async ({handle}) => handle.forget({force: true})],
	['was forgotten, having been turned away', unreachable, async ({handle}) => handle.forget()],
	['was refused', answer(402), async () => undefined],
];

describe.each(free)('claiming again what was sent without the store, which holds a key that %s', (_, theirs, end) => {
	test('a success is written down under its own key, after that one', async () => {
		const {environment, server, disk, page, record, before, report} = await openPages(theirs, end, ok);
		const charges = server.charges();
		expect(report).toMatchObject({outcome: 'succeeded', replayed: false});
		expect(report.key).not.toBe(before.key);
		disk.mend();
		await environment.advance(500);
		expect(await record()).toMatchObject({
			key: report.key,
			previousKey: before.key,
			state: {status: 'succeeded', httpStatus: 201},
			freed: false,
			owner: '',
			token: before.token + 1,
		});
		expect(await environment.finish(page.pay())).toMatchObject({outcome: 'succeeded', key: report.key, attempts: 0});
		expect(server.charges()).toBe(charges);
		expect(page.types()).not.toContain('key-conflict');
	});

	test('a success is told from memory as long as the store takes nothing', async () => {
		const {environment, server, page, record, before, report} = await openPages(theirs, end, ok);
		const sent = server.requests.length;
		for (let presses = 0; presses < 3; presses++) {
			const again = await environment.finish(page.pay());
			expect(again).toMatchObject({outcome: 'succeeded', key: report.key, attempts: 0, replayed: true});
			expect(again.response?.status).toBe(201);
		}

		expect(server.requests).toHaveLength(sent);
		expect(await record()).toEqual(before);
	});

	// The doubt counts only under the token that the new claim is given.
	test.each<[string, Step]>([
		['a doubt', drop],
		['what was turned away', answer(401)],
		['what was not sent', unreachable],
	])('%s is written down as a doubt, and leaves no lease to wait for', async (__, ours) => {
		const {environment, server, disk, page, record, realm, before, report} = await openPages(theirs, end, ours);
		disk.mend();
		await environment.advance(500);
		expect(await record()).toMatchObject({
			key: report.key,
			previousKey: before.key,
			state: {status: 'unknown'},
			ambiguous: true,
			owner: '',
			leaseUntil: 0,
			token: before.token + 1,
		});
		const [charges, pressed] = [server.charges(), environment.now()];
		const again = await environment.finish(realm().pay());
		expect(again).toMatchObject({outcome: 'succeeded', key: report.key});
		expect([server.charges(), environment.now()]).toEqual([charges + 1, pressed]);
		expect(page.types()).not.toContain('key-conflict');
	});
});

describe('a mismatch that the store has not taken', () => {
	async function mismatched(before: (page: Realm) => Promise<unknown> = async () => undefined) {
		const shop = openShop();
		const {environment, server, store, realm} = shop;
		const disk = faulty(store);
		disk.breaks();
		const page = realm(degrade, disk.over);
		server.script(mismatch);
		const {key} = await environment.finish(page.pay());
		await before(page);
		return {...shop, disk, page, key};
	}

	test('is told again with its status, and nothing is sent', async () => {
		const {environment, server, page, key} = await mismatched();
		for (let presses = 0; presses < 3; presses++) {
			const {outcome, error} = await environment.finish(page.pay());
			expect(outcome).toBe('mismatched');
			expect(error).toMatchObject({code: 'KEY_REUSED', key, status: 422});
		}

		expect(server.requests).toHaveLength(1);
	});

	test('is told with its status after the answers were dropped, too', async () => {
		const {environment, server, page, key} = await mismatched(async ({fetch}) =>
			forgetAll(fetch).catch(() => undefined),
		);
		const {error} = await environment.finish(page.pay());
		expect(error).toMatchObject({code: 'KEY_REUSED', key, status: 422, attempts: 0});
		expect(server.requests).toHaveLength(1);
	});

	test('is told with its status by the store, once that has taken it', async () => {
		const {environment, server, disk, page, record, realm, key} = await mismatched();
		disk.mend();
		await environment.advance(500);
		expect(await record()).toMatchObject({key, state: {status: 'mismatched', httpStatus: 422}, owner: ''});
		for (const {pay} of [page, realm()])
			expect((await environment.finish(pay())).error).toMatchObject({code: 'KEY_REUSED', key, status: 422});
		expect(server.requests).toHaveLength(1);
	});
});

test('a success that the store has not taken is told with its status after the answers were dropped', async () => {
	const {environment, server, store, realm} = openShop();
	const disk = faulty(store);
	disk.breaks();
	const page = realm(degrade, disk.over);
	await environment.finish(page.pay());
	await forgetAll(page.fetch).catch(() => undefined);
	const {outcome, error} = await environment.finish(page.pay());
	expect(outcome).toBe('succeeded');
	expect(error).toMatchObject({code: 'ALREADY_SUCCEEDED', status: 201});
	expect(server.charges()).toBe(1);
});
