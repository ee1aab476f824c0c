import {describe, expect, test} from 'vitest';
import type {FetchOptions} from '../../src/options.ts';
import {after, answer, drop, hang, lose, ok, swallow, unreachable, type Step} from '../support/fake-server.ts';
import {faulty} from './faulty-store.ts';
import {gate, openShop, type Realm} from './shop.ts';
import {forgetAll} from '../../src/operation/forget-all.ts';
import {unfinished} from '../../src/operation/unfinished.ts';

const HOUR = 3_600_000;
const degrade: FetchOptions = {onStoreError: 'degrade', retry: 0};

type Disk = ReturnType<typeof faulty>;

function openPage(own: FetchOptions = {}) {
	const shop = openShop();
	const disk = faulty(shop.store);
	return {...shop, disk, page: shop.realm({retry: 0, ...own}, disk.over), other: shop.realm({retry: 0})};
}

type Page = ReturnType<typeof openPage>;

/** What keeps the store from taking it, and still lets it be asked. */
const failures: Array<[string, (disk: Disk) => void]> = [
	['writes nothing', disk => disk.breaks('claim', 'renew', 'settle', 'forget')],
	['settles nothing', disk => disk.breaks('settle')],
	['claims nothing', disk => disk.breaks('claim')],
	['claims and settles, and says that it failed', disk => disk.deafens('claim', 'settle')],
	['hangs when it is written to', disk => disk.hangs('claim', 'renew', 'settle', 'forget')],
];

const ways: Array<[string, (page: Realm) => Promise<void>]> = [
	['forget()', async ({handle}) => handle.forget()],
	['complete()', async ({handle}) => handle.complete()],
];
/** Every way out, and what it comes to where it does not lead: those that name an operation throw. */
const allWays: Array<[string, (page: Realm) => Promise<void>, string]> = [
	...ways.map(([name, out]) => [name, out, 'OUTCOME_UNKNOWN'] as [string, typeof out, string]),
	['forgetAll()', async ({fetch}) => forgetAll(fetch), 'done'],
];

/** The code of the error that it throws. */
async function told(call: Promise<void>): Promise<unknown> {
	return call.then(
		() => 'done',
		(error: {code: unknown}) => error.code,
	);
}

describe.each(failures)('while a store %s', (_, fail) => {
	/** Its claim may have come to the store, its outcome has not. */
	async function unsaved(step: Step, own: FetchOptions = {}) {
		const pages = openPage(own);
		const {environment, server, disk, page} = pages;
		server.script(async exchange => (fail(disk), step(exchange)));
		const report = await environment.finish(page.pay());
		return {...pages, report};
	}

	test.each(ways)('an outcome that is unknown and unsaved is kept by %s', async (__, out) => {
		const {environment, server, page, disk, report} = await unsaved(lose);
		await expect(environment.finish(out(page))).rejects.toMatchObject({code: 'OUTCOME_UNKNOWN', key: report.key});
		disk.mend();
		expect(await environment.finish(page.pay())).toMatchObject({outcome: 'succeeded', key: report.key, replayed: true});
		expect(server.charges()).toBe(1);
	});

	test('and by forgetAll()', async () => {
		const {environment, server, page, disk, report} = await unsaved(lose);
		await environment.finish(forgetAll(page.fetch));
		disk.mend();
		expect(await environment.finish(page.pay())).toMatchObject({outcome: 'succeeded', key: report.key, replayed: true});
		expect(server.charges()).toBe(1);
	});
});

describe.each(failures.filter(([name]) => name !== 'settles nothing'))(
	'while a page goes on without a store that %s',
	(_, fail) => {
		function degraded(step: Step = lose) {
			const pages = openPage(degrade);
			fail(pages.disk);
			pages.server.script(step);
			return pages;
		}

		test.each(ways)('a key that was sent without a claim is kept by %s, in flight and after it', async (__, out) => {
			const {environment, server, page} = degraded(after(10_000, lose));
			const call = page.pay();
			while (server.requests.length === 0) await environment.advance(1_000);
			const [key] = server.keys();
			await expect(environment.finish(out(page))).rejects.toMatchObject({code: 'OUTCOME_UNKNOWN', key});
			await environment.finish(call);
			await expect(environment.finish(out(page))).rejects.toMatchObject({code: 'OUTCOME_UNKNOWN', key});
			expect(await environment.finish(page.pay())).toMatchObject({outcome: 'succeeded', key, replayed: true});
			expect(server.charges()).toBe(1);
		});

		test('and by forgetAll(), in flight and after it', async () => {
			const {environment, server, page} = degraded(after(10_000, lose));
			const call = page.pay();
			while (server.requests.length === 0) await environment.advance(1_000);
			await environment.finish(forgetAll(page.fetch));
			await environment.finish(call);
			await environment.finish(forgetAll(page.fetch));
			expect((await environment.finish(page.pay())).key).toBe(server.keys()[0]);
			expect(server.charges()).toBe(1);
		});

		test('a key that was turned away before, and is being sent without a claim, is kept by all of them', async () => {
			for (const [, out, code] of allWays) {
				const {environment, server, page, disk} = openPage(degrade);
				server.script(answer(401), after(10_000, lose));
				await environment.finish(page.pay());
				disk.breaks('claim');
				const call = page.pay();
				await environment.advance(1_000);
				const [key] = server.keys();
				expect(await told(out(page))).toBe(code);
				disk.mend();
				expect((await environment.finish(call)).outcome).toBe('unknown');
				expect(await environment.finish(page.pay())).toMatchObject({outcome: 'succeeded', key, replayed: true});
				expect(server.charges()).toBe(1);
			}
		});

		test('force drops it, and the next call begins anew', async () => {
			const {environment, server, page, disk} = degraded();
			await environment.finish(page.pay());
			disk.mend();
			await environment.finish(page.handle.forget({force: true}));
			expect(page.handle.state.status).toBe('idle');
			expect((await environment.finish(page.pay())).outcome).toBe('succeeded');
			expect(new Set(server.keys()).size).toBe(2);
		});
	},
);

test.each<[string, (disk: Disk) => void]>([
	['fails', disk => disk.breaks()],
	['hangs', disk => disk.hangs()],
	['cannot be read', disk => disk.breaks('list', 'claim')],
])('while the whole store %s, every way out says so, and what was sent keeps its key', async (_, fail) => {
	for (const own of [{}, degrade]) {
		const {environment, server, page, disk} = openPage(own);
		server.script(async exchange => (fail(disk), lose(exchange)));
		const {key} = await environment.finish(page.pay());
		for (const [, out] of allWays) expect(await environment.finish(told(out(page)))).toBe('STORE_FAILED');
		const force = page.handle.forget({force: true});
		expect(await environment.finish(told(force))).toBe('STORE_FAILED');
		await environment.finish(page.pay());
		disk.mend();
		environment.jump(HOUR);
		expect(await environment.finish(page.pay())).toMatchObject({outcome: 'succeeded', key, replayed: true});
		expect(server.charges()).toBe(1);
	}
});

describe('a record of before, which is over', () => {
	test('is forgotten by forgetAll(), and not what came after it and is not saved', async () => {
		for (const step of [lose, ok]) {
			const {environment, server, page, disk} = openPage(degrade);
			server.script(answer(402));
			await environment.finish(page.pay());
			disk.breaks('claim', 'settle');
			server.script(step);
			await environment.finish(page.pay());
			await environment.finish(forgetAll(page.fetch));
			expect((await environment.finish(page.pay())).outcome).toBe('succeeded');
			expect(new Set(server.keys()).size).toBe(2);
			expect(server.charges()).toBe(1);
		}
	});
});

describe('a claim that is on its way', () => {
	const befores: Array<[string, (page: Page) => Promise<unknown>]> = [
		['nothing', async () => undefined],
		[
			'a refusal',
			async ({environment, server, page}) => {
				server.script(answer(402));
				await environment.finish(page.pay());
			},
		],
		[
			'what was completed',
			async ({environment, page}) => {
				await environment.finish(page.pay());
				await page.handle.complete();
			},
		],
	];

	test.each(befores)('over %s keeps everybody from freeing it in this page', async (_, before) => {
		for (const [, out, code] of allWays) {
			const shop = openShop();
			const {environment, store, server, record} = shop;
			const arrives = gate();
			let slow = false;
			const over = {
				claim: async (...given: Parameters<typeof store.claim>) => {
					if (slow) await arrives.opened;
					return store.claim(...given);
				},
			};
			const page = shop.realm({retry: 0}, over);
			await before({...shop, disk: faulty(store), page, other: page});
			const sent = server.requests.length;
			slow = true;
			server.script(lose);
			const call = page.pay();
			await environment.settle();
			expect(await told(out(page))).toBe(code);
			arrives.open();
			expect((await environment.finish(call)).outcome).toBe('unknown');
			expect((await environment.finish(page.pay())).key).toBe(server.keys()[sent]);
			expect((await record())?.key).toBe(server.keys()[sent]);
		}
	});

	test('is refused to be forgotten without a key that nobody knows yet', async () => {
		const {environment, page} = openPage({fingerprint: async () => new Promise(() => undefined)});
		const call = page.pay({totalTimeout: 1_000});
		await environment.settle();
		await expect(page.handle.forget()).rejects.toMatchObject({code: 'OUTCOME_UNKNOWN', key: undefined});
		await environment.finish(call);
	});
});

describe('a success that the store has not taken', () => {
	async function paid(own: FetchOptions, fail: (disk: Disk) => void) {
		const pages = openPage(own);
		const {environment, server, disk, page} = pages;
		if (own.onStoreError === 'degrade') fail(disk);
		else server.script(async exchange => (fail(disk), exchange.serve()));
		expect((await environment.finish(page.pay())).outcome).toBe('succeeded');
		return pages;
	}

	const how: Array<[string, FetchOptions, (disk: Disk) => void]> = [
		['because it settles nothing', {}, disk => disk.breaks('settle')],
		['because it answers nothing', {}, disk => disk.breaks()],
		['because it hangs', {}, disk => disk.hangs()],
		['nor its claim', degrade, disk => disk.breaks()],
		['nor its claim, though it can be read', degrade, disk => disk.breaks('claim', 'settle', 'forget')],
	];
	test.each(how)('%s: ways out say what is wrong with the store, and it stays a success', async (_, own, fail) => {
		const {environment, server, page, disk, record} = await paid(own, fail);
		for (const [, out] of ways)
			await expect(environment.finish(out(page))).rejects.toMatchObject({code: 'STORE_FAILED'});
		await environment.finish(forgetAll(page.fetch).catch(() => undefined));
		expect((await environment.finish(page.pay())).outcome).toBe('succeeded');
		disk.mend();
		await environment.finish(page.handle.complete());
		expect(await record()).toMatchObject({freed: true, state: {status: 'succeeded'}});
		expect(await environment.finish(page.pay())).toMatchObject({outcome: 'succeeded', replayed: false});
		expect(server.charges()).toBe(2);
	});

	test.each(how)('%s, and takes at the second try, is completed in the store, too', async (_, own, fail) => {
		const {environment, server, page, other, disk, record} = await paid(own, fail);
		disk.mend();
		disk.failsNext(1);
		await environment.finish(page.handle.complete());
		expect(await record()).toMatchObject({freed: true, state: {status: 'succeeded'}});
		expect(await environment.finish(other.pay())).toMatchObject({outcome: 'succeeded', replayed: false});
		expect(server.charges()).toBe(2);
	});
});

describe('what only this realm knows of, while the store can be read and not written', () => {
	const befores: Array<[string, (page: Realm) => Promise<void>]> = [
		['for the first time', async () => undefined],
		['after one that was completed', async ({pay, handle}) => (await pay(), handle.complete())],
	];

	async function lost(before: (page: Realm) => Promise<void>, step: Step) {
		const pages = openPage(degrade);
		const {environment, server, disk, page} = pages;
		await environment.finish(before(page));
		disk.breaks('claim', 'renew', 'settle', 'forget');
		server.script(step);
		return {...pages, report: await environment.finish(page.pay())};
	}

	test.each(befores)('%s: resolve("succeeded") settles it, and is written down as said', async (_, before) => {
		const {environment, server, disk, page, record, report} = await lost(before, lose);
		const sent = server.requests.length;
		await environment.finish(page.handle.resolve('succeeded'));
		expect(page.handle.state.status).toBe('succeeded');
		expect(await unfinished(page.fetch)).toEqual([]);
		expect((await environment.finish(page.pay())).error).toMatchObject({code: 'ALREADY_SUCCEEDED', attempts: 0});
		disk.mend();
		await environment.advance(10_000);
		expect(await record()).toMatchObject({key: report.key, state: {status: 'succeeded', said: true}});
		expect(server.requests).toHaveLength(sent);
	});

	test.each(befores)('%s: resolve("refused") settles it, and the next call begins anew', async (_, before) => {
		const {environment, server, disk, page, record, report} = await lost(before, drop);
		const charges = server.charges();
		await environment.finish(page.handle.resolve('refused'));
		expect(page.handle.state.status).toBe('refused');
		expect(await unfinished(page.fetch)).toEqual([]);
		const again = await environment.finish(page.pay());
		expect(again).toMatchObject({outcome: 'succeeded', replayed: false});
		expect(again.key).not.toBe(report.key);
		disk.mend();
		await environment.advance(10_000);
		expect(await record()).toMatchObject({key: again.key, state: {status: 'succeeded'}});
		expect(server.charges()).toBe(charges + 1);
	});
});

describe('what begins while the store is asked to forget', () => {
	test.each<[string, (page: Realm) => Promise<void>]>([
		['forget()', async ({handle}) => handle.forget()],
		['forgetAll()', async ({fetch}) => forgetAll(fetch)],
	])('is not forgotten by %s', async (_, out) => {
		for (const works of [false, true]) {
			const shop = openShop();
			const {environment, server} = shop;
			const disk = faulty(shop.store);
			const {opened, open} = gate();
			const asked = gate();
			const forget: typeof shop.store.forget = async (id, freeing) => {
				asked.open();
				await opened;
				return shop.store.forget(id, freeing);
			};
			const page = shop.realm(degrade, {...disk.over, forget});
			server.script(answer(402), lose);
			await environment.finish(page.pay());
			const forgotten = out(page);
			await asked.opened;
			if (!works) disk.breaks('claim', 'settle');
			const {key, outcome} = await environment.finish(page.pay());
			expect(outcome).toBe('unknown');
			open();
			await environment.finish(forgotten.catch(() => undefined));
			// What the store does not say any more has to be known here.
			if (works) disk.breaks();
			else disk.mend();
			expect(await environment.finish(page.pay())).toMatchObject({outcome: 'succeeded', key});
			expect(server.charges()).toBe(1);
		}
	});
});

test('what another tab has begun, and this one has seen, while the store is asked to forget, is still known', async () => {
	const shop = openShop();
	const {environment, server, store} = shop;
	const disk = faulty(store);
	let between: () => Promise<unknown> = async () => undefined;
	const forget: typeof store.forget = async (id, freeing) => (await between(), store.forget(id, freeing));
	const [page, other] = [shop.realm(degrade, {...disk.over, forget}), shop.realm({retry: 0})];
	server.script(answer(402), lose);
	await environment.finish(page.pay());
	between = async () => (await other.pay(), unfinished(page.fetch));
	await environment.finish(page.handle.forget());
	disk.breaks();
	expect(await environment.finish(page.pay())).toMatchObject({outcome: 'succeeded', key: server.keys()[1]});
	expect(server.charges()).toBe(1);
});

test('what has begun and ended while the store is asked to forget is still shown', async () => {
	const shop = openShop();
	const {environment, server, store} = shop;
	let between: () => Promise<unknown> = async () => undefined;
	const page = shop.realm({retry: 0}, {forget: async (id, freeing) => (await between(), store.forget(id, freeing))});
	server.script(answer(402), lose);
	await environment.finish(page.pay());
	between = async () => page.pay();
	await environment.finish(page.handle.forget());
	expect(page.handle.state.status).toBe('unknown');
});

describe('what is not open and not saved', () => {
	test.each([
		['a refusal', answer(402), 'refused'],
		['a 401', answer(401), 'unprocessed'],
		['a connection that was not made', unreachable, 'unprocessed'],
	])('%s: ways out say what is wrong with the store, and work once it does', async (_, step, status) => {
		const {environment, server, page, disk, record} = openPage();
		server.script(async exchange => (disk.breaks('settle'), step(exchange)));
		await environment.finish(page.pay());
		await expect(environment.finish(page.handle.forget())).rejects.toMatchObject({code: 'STORE_FAILED'});
		disk.mend();
		await environment.finish(page.handle.forget());
		expect(await record()).toMatchObject({freed: true, state: {status}});
	});
});

describe('force', () => {
	test.each([
		['in flight', async ({environment}: Page) => environment.settle()],
		['after it', async ({environment}: Page) => environment.advance(20_000)],
	])('drops an operation %s, whatever it is doing', async (_, when) => {
		const pages = openPage();
		const {environment, server, page, record} = pages;
		server.script(after(5_000, lose));
		const call = page.pay();
		await when(pages);
		await page.handle.forget({force: true});
		expect((await record())?.freed).toBe(true);
		await environment.finish(call);
		expect((await environment.finish(page.pay())).key).not.toBe(server.keys()[0]);
	});

	test.each([['list'], ['forget']] as const)('says so, and drops nothing, where the store fails to %s', async step => {
		const {environment, server, page, disk} = openPage();
		server.script(lose);
		const {key} = await environment.finish(page.pay());
		disk.breaks(step);
		await expect(page.handle.forget({force: true})).rejects.toMatchObject({code: 'STORE_FAILED'});
		expect(await environment.finish(page.pay())).toMatchObject({outcome: 'succeeded', key});
		expect(server.charges()).toBe(1);
	});
});

describe('at sign-out, while the store fails', () => {
	test('the answers in memory go all the same', async () => {
		const {environment, page, disk} = openPage();
		await environment.finish(page.pay());
		expect(page.handle.outcome()?.response).toBeDefined();
		disk.breaks();
		await expect(forgetAll(page.fetch)).rejects.toMatchObject({code: 'STORE_FAILED'});
		expect(page.handle.outcome()).toBeUndefined();
	});

	test('what is open in memory alone is among the unfinished, until it has ended', async () => {
		const {environment, server, page, disk, other} = openPage(degrade);
		disk.breaks('claim', 'settle');
		server.script(lose);
		const begun = environment.now();
		const {key} = await environment.finish(page.pay());
		const operation = ['checkout', '42'];
		expect(await unfinished(page.fetch)).toMatchObject([
			{operation, key, since: begun, expired: false, working: false},
		]);
		expect(await unfinished(other.fetch)).toEqual([]);
		disk.mend();
		for (const {fetch} of [page, other]) expect(await unfinished(fetch)).toMatchObject([{operation, key}]);
		await environment.finish(page.pay());
		expect(await unfinished(page.fetch)).toEqual([]);
	});
});

describe('out of a conflict of two keys', () => {
	/** Sent from here without the store, and by another tab under the key that the store holds. */
	async function conflict(here: Step, there: Step = drop) {
		const pages = openPage(degrade);
		const {environment, server, page, other, disk} = pages;
		disk.breaks();
		server.script(here, there);
		await environment.finish(page.pay());
		await environment.advance(60_000);
		const call = other.pay();
		if (there === hang || there === swallow) await environment.settle();
		else await environment.finish(call);
		disk.mend();
		await environment.finish(page.pay());
		expect(page.types()).toContain('key-conflict');
		return {...pages, call};
	}

	test.each(allWays)('%s does not lead', async (_, out, code) => {
		for (const there of [drop, ok, unreachable, answer(422, {}, 'idempotency key reused')]) {
			const {environment, page, record} = await conflict(lose, there);
			const before = await record();
			expect(await told(out(page))).toBe(code);
			expect((await environment.finish(page.pay())).error).toMatchObject({reason: 'final', attempts: 0});
			expect(await record()).toEqual(before);
		}
	});

	test('resolve("refused") leads: what the store holds is refused, too, and the next call begins anew', async () => {
		const {environment, server, page, record} = await conflict(drop);
		await page.handle.resolve('refused');
		expect((await record())?.state).toEqual({status: 'refused'});
		expect((await environment.finish(page.pay())).outcome).toBe('succeeded');
		expect(new Set(server.keys()).size).toBe(3);
	});

	test.each(['refused', 'succeeded'] as const)(
		'resolve("%s") leads, too, where the store has it as forgotten by force, under the very key that was sent',
		async word => {
			const {environment, server, page, other, disk} = openPage({
				...degrade,
				keyFrom: ({previousKey}) => (previousKey === undefined ? 'order-42' : 'order-43'),
				keySenders: 'this-store',
			});
			server.script(answer(429, {'retry-after': '1'}), answer(302));
			const call = page.pay({retry: 1});
			await environment.settle();
			await other.handle.forget({force: true});
			disk.breaks('claim');
			expect((await environment.finish(call)).outcome).toBe('unknown');
			disk.mend();
			expect((await environment.finish(page.pay())).error).toMatchObject({reason: 'final', attempts: 0});
			await page.handle.resolve(word);
			expect(page.handle.state.status).not.toBe('unknown');
		},
	);

	test('resolve("succeeded") leads: nothing more is sent until it is completed', async () => {
		const {environment, server, page, other, record} = await conflict(lose);
		await page.handle.resolve('succeeded');
		expect(page.handle.state.status).toBe('succeeded');
		expect((await record())?.state).toEqual({status: 'succeeded', said: true});
		for (const {pay} of [page, page, other])
			expect((await environment.finish(pay())).error).toMatchObject({code: 'ALREADY_SUCCEEDED', attempts: 0});
		expect(server.requests).toHaveLength(2);
		await page.handle.complete();
		await other.handle.complete();
		expect(await environment.finish(page.pay())).toMatchObject({outcome: 'succeeded', replayed: false});
	});

	test.each(['succeeded', 'refused'] as const)('resolve("%s") does not, while another tab is at it', async word => {
		const {environment, server, page} = await conflict(lose, swallow);
		await expect(environment.finish(page.handle.resolve(word))).rejects.toMatchObject({code: 'OUTCOME_UNKNOWN'});
		environment.jump(HOUR);
		expect((await environment.finish(page.pay())).error).toMatchObject({reason: 'final', attempts: 0});
		expect(server.requests).toHaveLength(2);
		await page.handle.resolve(word);
	});

	test('resolve("succeeded") shows what another tab has done already', async () => {
		const {environment, page} = await conflict(lose, ok);
		expect(page.handle.state.status).toBe('unknown');
		await page.handle.resolve('succeeded');
		expect(page.handle.state.status).toBe('succeeded');
		expect((await environment.finish(page.pay())).error).toMatchObject({code: 'ALREADY_SUCCEEDED'});
	});

	test('resolve("refused") cannot undo a success', async () => {
		const {environment, server, page} = await conflict(ok);
		await expect(page.handle.resolve('refused')).rejects.toBeInstanceOf(TypeError);
		expect((await environment.finish(page.pay())).outcome).toBe('succeeded');
		expect(server.requests).toHaveLength(2);
	});

	test.each([
		['a doubt', drop],
		['what was not sent', unreachable],
		['a success', ok],
	])('complete() frees what has succeeded here, and leaves %s in the store as it is', async (_, there) => {
		const {environment, page, record} = await conflict(ok, there);
		const before = await record();
		await page.handle.complete();
		expect(await record()).toEqual(before);
		const report = await environment.finish(page.pay());
		expect(report.key).toBe(before?.key);
	});

	test('complete() is refused for what has not', async () => {
		for (const here of [answer(402), answer(401), unreachable]) {
			const {environment, server, page} = await conflict(here);
			await expect(page.handle.complete()).rejects.toMatchObject({code: 'OUTCOME_UNKNOWN', key: server.keys()[0]});
			expect((await environment.finish(page.pay())).error).toMatchObject({reason: 'final'});
		}
	});

	test('force leads: nothing is left of either', async () => {
		const {environment, server, page, record} = await conflict(lose);
		await page.handle.forget({force: true});
		expect((await record())?.freed).toBe(true);
		expect((await environment.finish(page.pay())).outcome).toBe('succeeded');
		expect(new Set(server.keys()).size).toBe(3);
	});
});

test('a resolve() that fails half-way holds its operation for ten seconds, and the next one ends it', async () => {
	const {environment, realm, server, record} = openShop();
	server.script(hang);
	void realm().pay();
	await environment.settle();
	environment.jump(HOUR);
	const settle = async () => Promise.reject(new Error('disk full'));
	await expect(realm({}, {settle}).handle.resolve('refused')).rejects.toMatchObject({code: 'STORE_FAILED'});
	expect(await record()).toMatchObject({state: {status: 'sending'}, leaseUntil: environment.now() + 10_000});
	await expect(realm().handle.resolve('refused')).rejects.toMatchObject({code: 'OUTCOME_UNKNOWN'});
	environment.jump(10_000);
	await realm().handle.resolve('refused');
	expect(await record()).toMatchObject({state: {status: 'refused'}, owner: ''});
});
