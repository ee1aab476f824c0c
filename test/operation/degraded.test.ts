import {describe, expect, test} from 'vitest';
import {ietf} from '../../src/dialects/ietf.ts';
import type {CallOptions, FetchOptions} from '../../src/options.ts';
import {storeUnavailable} from '../../src/stores/store-failure.ts';
import {after, answer, drop, lose, ok, swallow, unreachable, type Step} from '../support/fake-server.ts';
import {faulty} from './faulty-store.ts';
import {openShop, type Realm} from './shop.ts';
import {forgetAll} from '../../src/operation/forget-all.ts';
import {unfinished} from '../../src/operation/unfinished.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const degrade: FetchOptions = {onStoreError: 'degrade', retry: 0};

const broken = async () => Promise.reject(new Error('disk full'));

describe('a store that cannot be opened', () => {
	const claim = async () => Promise.reject(storeUnavailable('no IndexedDB here'));

	// Invariant 12
	test('is replaced by memory, with an event', async () => {
		const {environment, realm, server} = openShop();
		const {pay, events} = realm({}, {claim, settle: claim, renew: claim});
		server.script(lose);
		expect(await environment.finish(pay())).toMatchObject({outcome: 'succeeded', attempts: 2});
		const error = expect.objectContaining({message: 'no IndexedDB here'}) as unknown;
		expect(events).toContainEqual(expect.objectContaining({type: 'degraded', error}));
		expect(new Set(server.keys()).size).toBe(1);
	});

	test('is replaced for every step that was under way, such as a look and a claim', async () => {
		const {environment, realm} = openShop();
		const buyer = realm({}, {claim, list: claim, settle: claim});
		buyer.handle.subscribe(() => undefined);
		const calls = [buyer.pay(), buyer.pay({operation: 'another'})];
		const reports = await environment.finish(Promise.all(calls));
		expect(reports).toMatchObject([{outcome: 'succeeded'}, {outcome: 'succeeded'}]);
		expect(buyer.handle.state.status).toBe('succeeded');
	});

	// Invariant 2
	test('still gives one operation one key in this realm', async () => {
		const {environment, realm, server} = openShop();
		const {pay} = realm({retry: 0}, {claim, settle: claim});
		server.script(lose);
		await environment.finish(pay());
		expect(await environment.finish(pay())).toMatchObject({outcome: 'succeeded', replayed: true});
		expect(server.charges()).toBe(1);
	});
});

describe("onStoreError: 'degrade'", () => {
	test('a store that took a claim without saying so is asked again, and its lease waited for', async () => {
		const {environment, realm, server, store} = openShop();
		const disk = faulty(store);
		const {pay} = realm(degrade, disk.over);
		disk.deafens('claim');
		server.script(
			answer(429),
			async exchange => (disk.mend(), drop(exchange)),
			...Array.from({length: 20}, () => drop),
		);
		await environment.finish(pay());
		disk.breaks();
		const started = environment.now();
		expect((await environment.finish(pay())).outcome).toBe('unknown');
		expect(server.requests).toHaveLength(3);
		expect(environment.now() - started).toBeGreaterThan(9_000);
	});

	// Invariants 2 and 12
	test('goes on under the key that it offered, with an event, and offers the same key again', async () => {
		const {environment, realm, server} = openShop();
		const offered: string[] = [];
		const {pay, types} = realm(
			{onStoreError: 'degrade', retry: 0},
			{
				async claim(_, {key}) {
					offered.push(key);
					throw new Error('disk full');
				},
			},
		);
		server.script(lose);
		expect((await environment.finish(pay())).outcome).toBe('unknown');
		expect(types()).toContain('degraded');
		expect(await environment.finish(pay())).toMatchObject({outcome: 'succeeded', replayed: true});
		expect(new Set([...offered, ...server.keys()]).size).toBe(1);
		expect(server.charges()).toBe(1);
	});

	// Invariant 5
	test('a refusal of the second call settles nothing', async () => {
		const {environment, realm, server} = openShop();
		const {pay} = realm({onStoreError: 'degrade', retry: 0}, {claim: broken});
		server.script(lose, async () => new Response(null, {status: 402}));
		await environment.finish(pay());
		expect((await environment.finish(pay())).outcome).toBe('unknown');
	});

	test('what it did reaches the store once that works again', async () => {
		const {environment, realm, server, store, record} = openShop();
		let works = false;
		const {pay} = realm(
			{onStoreError: 'degrade'},
			{claim: async (id, claim) => (works ? store.claim(id, claim) : broken())},
		);
		expect((await environment.finish(pay())).outcome).toBe('succeeded');
		expect(await record()).toBeUndefined();
		works = true;
		await environment.advance(500);
		expect(await record()).toMatchObject({key: server.keys()[0], state: {status: 'succeeded'}});
		expect((await environment.finish(pay())).replayed).toBe(true);
		expect(server.requests).toHaveLength(1);
	});

	// Invariant 11
	test.each<[string, Step, object]>([
		['a 401', answer(401, {}, 'who?'), {outcome: 'refused', error: undefined, response: {status: 401}}],
		['what was not sent', unreachable, {outcome: 'not-sent', error: {code: 'NOT_SENT'}}],
	])('%s is told as it is, though the store that works again takes it for a doubt', async (_, step, told) => {
		const {environment, realm, server, store, record} = openShop();
		let works = false;
		const {pay} = realm(
			{onStoreError: 'degrade', retry: 0},
			{claim: async (id, claim) => (works ? store.claim(id, claim) : broken())},
		);
		server.script(async exchange => {
			works = true;
			return step(exchange);
		});
		const report = await environment.finish(pay());
		expect(report).toMatchObject({...told, keyKept: true});
		expect(await record()).toMatchObject({key: report.key, state: {status: 'unknown'}, ambiguous: true});
		expect(await environment.finish(pay())).toMatchObject({outcome: 'succeeded', key: report.key});
	});

	// Invariant 11
	test('a success is remembered by this realm, though the store never takes it', async () => {
		const {environment, realm, server} = openShop();
		const {pay} = realm({onStoreError: 'degrade'}, {claim: broken});
		await environment.finish(pay());
		await environment.advance(60_000);
		expect(await environment.finish(pay())).toMatchObject({outcome: 'succeeded', replayed: true});
		expect(server.requests).toHaveLength(1);
	});
});

describe('what the realm knew before its store failed', () => {
	/** A page that sends whatever its store does, and another one that is as it should be. */
	function openPages(own: FetchOptions = {}) {
		const shop = openShop();
		const disk = faulty(shop.store);
		const page = shop.realm({...degrade, ...own}, disk.over);
		return {...shop, disk, page, other: shop.realm({retry: 0})};
	}

	const open: Array<[string, Step]> = [
		['is unknown', lose],
		['was not sent', unreachable],
		['was turned away', answer(401)],
	];
	test.each(open)('and %s goes on under its key, however often it is pressed', async (_, step) => {
		const {environment, server, disk, page} = openPages();
		server.script(step);
		await environment.finish(page.pay());
		disk.breaks();
		server.script(drop, answer(402), drop);
		for (let presses = 0; presses < 3; presses++)
			expect((await environment.finish(page.pay())).outcome).toBe('unknown');
		expect((await environment.finish(page.pay())).outcome).toBe('succeeded');
		expect(new Set(server.keys()).size).toBe(1);
		expect(server.charges()).toBe(1);
	});

	test('and was refused begins anew, under one key', async () => {
		const {environment, server, disk, page} = openPages();
		server.script(answer(402), drop, drop);
		await environment.finish(page.pay());
		disk.breaks();
		for (let presses = 0; presses < 3; presses++) await environment.finish(page.pay());
		expect(new Set(server.keys()).size).toBe(2);
		expect(new Set(server.keys().slice(1)).size).toBe(1);
	});

	test('and has succeeded, here or in another tab, is told so', async () => {
		const {environment, server, disk, page, other} = openPages();
		await environment.finish(other.pay());
		await environment.finish(page.pay());
		disk.breaks();
		for (let presses = 0; presses < 2; presses++)
			expect((await environment.finish(page.pay())).error).toMatchObject({code: 'ALREADY_SUCCEEDED'});
		expect(server.requests).toHaveLength(1);
		const error = expect.objectContaining({code: 'STORE_FAILED'}) as unknown;
		const key = server.keys()[0];
		expect(page.events.filter(({type}) => type === 'degraded')).toMatchObject([
			{error, key},
			{error, key},
		]);
	});

	const ends: Array<[string, (page: Realm) => Promise<void>]> = [
		['completed', async ({handle}) => handle.complete()],
		['forgotten', async ({handle}) => handle.forget()],
		['forgotten with all', async ({fetch}) => forgetAll(fetch)],
	];
	test.each(ends)('and was %s begins anew: under no key that was used, derived or own', async (_, end) => {
		const keyFrom = ({previousKey}: {previousKey: string | undefined}) => (previousKey ? `${previousKey}+` : 'order');
		const {environment, server, disk, page} = openPages({keyFrom, keySenders: 'this-store'});
		await environment.finish(page.pay());
		await end(page);
		disk.breaks();
		const own = await environment.finish(page.pay({idempotencyKey: 'order'}));
		expect(own.error).toMatchObject({name: 'TypeError', message: expect.stringContaining('was freed') as string});
		expect(await environment.finish(page.pay())).toMatchObject({outcome: 'succeeded', key: 'order+', replayed: false});
		expect(server.charges()).toBe(2);
	});

	test('and is mismatched is told so', async () => {
		const {environment, server, disk, page} = openPages();
		server.script(answer(422, {}, 'idempotency key reused'));
		await environment.finish(page.pay());
		disk.breaks();
		expect((await environment.finish(page.pay())).error).toMatchObject({code: 'KEY_REUSED'});
		expect(server.requests).toHaveLength(1);
	});

	test('and is final is not sent', async () => {
		const {environment, server, disk, page} = openPages();
		server.script(answer(500, {'idempotent-replayed': 'true'}));
		await environment.finish(page.pay());
		disk.breaks();
		for (let presses = 0; presses < 2; presses++)
			expect((await environment.finish(page.pay())).error).toMatchObject({expired: true, attempts: 0});
		expect(server.requests).toHaveLength(1);
	});

	test('and another tab is at is waited for while its lease lasts, then sent under its key, as ambiguous', async () => {
		const {environment, server, disk, page, other} = openPages();
		server.script(swallow, answer(402));
		void other.pay({timeout: false, totalTimeout: false});
		await environment.settle();
		await environment.finish(page.pay({totalTimeout: 1_000}));
		disk.breaks();
		expect((await environment.finish(page.pay({totalTimeout: 10_000}))).outcome).toBe('unknown');
		expect(server.requests).toHaveLength(1);
		environment.jump(HOUR);
		expect((await environment.finish(page.pay())).error).toMatchObject({code: 'OUTCOME_UNKNOWN', status: 402});
		expect((await environment.finish(page.pay())).outcome).toBe('succeeded');
		expect(new Set(server.keys()).size).toBe(1);
		expect(server.charges()).toBe(1);
	});

	test('and was begun with another payload is not sent', async () => {
		const {environment, server, disk, page} = openPages();
		server.script(drop);
		await environment.finish(page.pay());
		disk.breaks();
		expect((await environment.finish(page.pay({body: '{"cart":43}'}))).error).toMatchObject({code: 'PAYLOAD_CHANGED'});
		expect(server.requests).toHaveLength(1);
	});

	/** Another tab takes over in the middle of this one's attempt, and succeeds. This one is told something else. */
	async function overtaken(failing: 'before it settles' | 'after it settled', told: Step) {
		const pages = openPages({timeout: false, totalTimeout: false});
		const {environment, server, disk, page, other} = pages;
		server.script(async exchange => {
			environment.jump(HOUR);
			await other.pay();
			if (failing === 'before it settles') disk.breaks();
			return told(exchange);
		});
		const report = await environment.finish(page.pay());
		disk.breaks();
		return {...pages, report};
	}

	test('and another tab has ended meanwhile is told as the store said', async () => {
		for (const step of [answer(402), drop, answer(401)]) {
			const {environment, server, page} = await overtaken('after it settled', step);
			expect((await environment.finish(page.pay())).outcome).toBe('succeeded');
			expect(new Set(server.keys()).size).toBe(1);
			expect(server.charges()).toBe(1);
		}
	});

	test('and was refused when its lease was over goes on under its key', async () => {
		const {environment, server, page, report} = await overtaken('before it settles', answer(402));
		expect(report).toMatchObject({outcome: 'succeeded', replayed: true});
		expect(await environment.finish(page.pay())).toMatchObject({outcome: 'succeeded', key: report.key});
		expect(new Set(server.keys()).size).toBe(1);
		expect(server.charges()).toBe(1);
	});

	test("is not sent past its key's end, counted by the time of the store", async () => {
		for (const offset of [0, DAY, -DAY]) {
			const shop = openShop();
			const {environment, server, store, realm} = shop;
			const disk = faulty(store);
			const time = {...environment, now: () => environment.now() + offset};
			const page = realm({...degrade, dialect: ietf({retention: HOUR})}, disk.over, time);
			server.script(drop, drop);
			await environment.finish(page.pay());
			disk.breaks();
			environment.jump(58 * MINUTE);
			await environment.finish(page.pay());
			environment.jump(MINUTE);
			expect((await environment.finish(page.pay())).error).toMatchObject({reason: 'expired', attempts: 0});
			expect(server.requests).toHaveLength(2);
		}
	});

	const sights: Array<[string, (page: Realm) => Promise<unknown>]> = [
		['a handle', async ({handle}) => handle.state],
		['a subscriber', async ({handle}) => handle.subscribe(() => undefined)],
		['unfinished()', async ({fetch}) => unfinished(fetch)],
	];
	test.each(sights)('by %s alone goes on under its key, too', async (_, look) => {
		const {environment, server, disk, page, other} = openPages();
		server.script(lose);
		await environment.finish(other.pay());
		await look(page);
		await environment.settle();
		disk.breaks();
		expect(await environment.finish(page.pay())).toMatchObject({outcome: 'succeeded', replayed: true});
		expect(server.charges()).toBe(1);
	});
});

describe('what was sent without the store', () => {
	function openPages(own: FetchOptions = {}) {
		const shop = openShop();
		const disk = faulty(shop.store);
		disk.breaks();
		return {...shop, disk, page: shop.realm({...degrade, ...own}, disk.over), other: shop.realm({retry: 0})};
	}

	const failures: Array<[string, (disk: ReturnType<typeof faulty>) => void]> = [
		['throws', disk => disk.breaks()],
		['hangs', disk => disk.hangs()],
		['claims and says that it failed', disk => disk.deafens('claim')],
		['claims, says that it failed, and settles nothing', disk => (disk.deafens('claim'), disk.breaks('settle'))],
		['claims, and settles nothing', disk => disk.breaks('settle')],
		['lists what it has, and writes nothing', disk => disk.breaks('claim', 'settle', 'renew', 'forget')],
	];
	test.each(failures)('has one key over many presses where the store %s', async (_, fail) => {
		const {environment, server, disk, page} = openPages();
		disk.mend();
		fail(disk);
		server.script(lose, drop, answer(402), answer(401), unreachable);
		for (let presses = 0; presses < 5; presses++) {
			expect((await environment.finish(page.pay({totalTimeout: false}))).outcome).toBe('unknown');
			environment.jump(5 * MINUTE);
		}

		expect((await environment.finish(page.pay({totalTimeout: false}))).outcome).toBe('succeeded');
		disk.mend();
		await environment.advance(10_000);
		expect((await environment.finish(page.pay())).outcome).toBe('succeeded');
		expect(new Set(server.keys()).size).toBe(1);
		expect(server.charges()).toBe(1);
	});

	test('has one key, too, where the store fails at every second step', async () => {
		for (let first = 0; first < 4; first++) {
			const {environment, server, disk, page} = openPages();
			server.script(lose, drop, answer(402), answer(402), answer(402));
			await environment.finish(page.pay());
			disk.mend();
			for (let presses = 0; presses < 4; presses++) {
				environment.jump(5 * MINUTE);
				disk.failsNext(1 + ((first + presses) % 4));
				expect((await environment.finish(page.pay({totalTimeout: false}))).outcome).toBe('unknown');
			}

			disk.mend();
			expect((await environment.finish(page.pay())).outcome).toBe('succeeded');
			expect(new Set(server.keys()).size).toBe(1);
			expect(server.charges()).toBe(1);
		}
	});

	const endings: Array<[string, Step, object]> = [
		['a lost answer', drop, {status: 'unknown'}],
		['a connection that was not made', unreachable, {status: 'unknown'}],
		['a 401', answer(401), {status: 'unknown'}],
		['a 402', answer(402), {status: 'refused', httpStatus: 402}],
		['a success', ok, {status: 'succeeded', httpStatus: 201}],
		[
			'a key that was used for something else',
			answer(422, {}, 'idempotency key reused'),
			{status: 'mismatched', httpStatus: 422},
		],
	];
	const times: Array<[string, (pages: ReturnType<typeof openPages>) => Promise<unknown>]> = [
		['at once', async ({environment}) => environment.advance(500)],
		['by unfinished()', async ({page}) => unfinished(page.fetch)],
		['by a way out', async ({page}) => page.handle.complete().catch(() => undefined)],
	];
	const handedOver = endings.flatMap(([ending, ...how]) =>
		times.map(([time, ...when]) => [ending, time, ...how, ...when] as const),
	);
	test.each(handedOver)('is handed over with %s, %s', async (_, __, step, state, later) => {
		const pages = openPages();
		const {environment, server, disk, page, record} = pages;
		server.script(step);
		await environment.finish(page.pay());
		expect(await record()).toBeUndefined();
		disk.mend();
		await later(pages);
		expect(await record()).toMatchObject({key: server.keys()[0], state, owner: '', ambiguous: true});
	});

	test('is never handed over as unprocessed, not even to its own claim that came to the store all the same', async () => {
		for (const step of [unreachable, answer(401)]) {
			const {environment, server, disk, page, record} = openPages();
			disk.mend();
			disk.deafens('claim');
			server.script(step);
			await environment.finish(page.pay());
			expect(await record()).toMatchObject({key: server.keys()[0], state: {status: 'sending'}});
			disk.mend();
			await environment.advance(500);
			expect(await record()).toMatchObject({key: server.keys()[0], state: {status: 'unknown'}, ambiguous: true});
		}
	});

	test('goes on in the store once that has taken what was found out about it', async () => {
		let token = true;
		const {environment, server, disk, page, record} = openPages({
			attemptHeaders() {
				if (token) return undefined;
				token = true;
				throw new Error('no token');
			},
		});
		server.script(drop, async exchange => {
			expect(await record()).toMatchObject({key: exchange.received.key, state: {status: 'sending'}});
			return exchange.serve();
		});
		await environment.finish(page.pay());
		token = false;
		const reconcile = () => (disk.mend(), 'refused' as const);
		expect(await environment.finish(page.pay({reconcile}))).toMatchObject({outcome: 'succeeded', attempts: 1});
		expect(page.types().filter(type => type === 'degraded')).toHaveLength(2);
		expect(new Set(server.keys()).size).toBe(2);
	});

	test('may have been sent by who took over a claim whose fate is not known', async () => {
		const {environment, server, store, realm} = openShop();
		const other = realm({retry: 0});
		const disk = faulty(store);
		const shared = {...store, durable: true, ...disk.over};
		disk.deafens('claim');
		await environment.finish(realm({store: shared}).pay());
		environment.jump(HOUR);
		server.script(lose);
		await environment.finish(other.pay());
		disk.breaks();
		const {pay} = realm({...degrade, store: shared});
		server.script(answer(402));
		expect((await environment.finish(pay())).error).toMatchObject({code: 'OUTCOME_UNKNOWN', status: 402});
		expect((await environment.finish(pay())).outcome).toBe('succeeded');
		expect(new Set(server.keys()).size).toBe(1);
		expect(server.charges()).toBe(1);
	});

	test('is not sent past its end, which counts from the first send, however late it is handed over', async () => {
		const pages = openPages({dialect: ietf({retention: HOUR})});
		const {environment, server, disk, page, other, record} = pages;
		const begun = environment.now();
		server.script(drop, drop);
		await environment.finish(page.pay());
		environment.jump(50 * MINUTE);
		disk.mend();
		await environment.finish(page.pay());
		expect((await record())!.keyUntil).toBe(begun + 59 * MINUTE);
		environment.jump(9 * MINUTE);
		for (const {pay} of [page, other])
			expect((await environment.finish(pay())).error).toMatchObject({reason: 'expired', attempts: 0});
		expect(server.requests).toHaveLength(2);
	});

	test('keeps its age where the store takes a claim right after it failed', async () => {
		for (let failing = 1; failing < 4; failing++) {
			const {environment, server, disk, page} = openPages({dialect: ietf({retention: HOUR})});
			server.script(drop, drop, drop);
			await environment.finish(page.pay());
			environment.jump(50 * MINUTE);
			disk.mend();
			disk.failsNext(failing);
			await environment.finish(page.pay());
			environment.jump(9 * MINUTE);
			expect((await environment.finish(page.pay())).error).toMatchObject({reason: 'expired', attempts: 0});
			expect(server.requests).toHaveLength(2);
		}
	});

	test('keeps its age for another client, which declares how long the server remembers', async () => {
		const {environment, server, disk, page, realm} = openPages();
		const other = realm({retry: 0, dialect: ietf({retention: HOUR})});
		disk.breaks();
		server.script(drop);
		await environment.finish(page.pay());
		environment.jump(50 * MINUTE);
		disk.mend();
		await unfinished(page.fetch);
		environment.jump(9 * MINUTE);
		expect((await environment.finish(other.pay())).error).toMatchObject({reason: 'expired', attempts: 0});
		expect(server.requests).toHaveLength(1);
	});

	const keys: Array<[string, FetchOptions, CallOptions]> = [
		['an own key', {}, {idempotencyKey: 'order-42'}],
		[
			'an own key that is said to be sent from this store alone',
			{keySenders: 'this-store'},
			{idempotencyKey: 'order-42'},
		],
		['a key of keyFrom', {keySenders: 'anywhere', keyFrom: () => 'order-42'}, {}],
		['a key of keyFrom, of this store', {keySenders: 'this-store', keyFrom: () => 'order-42'}, {}],
	];
	test.each(keys)('under %s may have been sent by others: only a success is believed', async (_, own, call) => {
		for (const step of [answer(402), answer(401), unreachable]) {
			const {environment, server, page} = openPages(own);
			server.script(step);
			const {error} = await environment.finish(page.pay(call));
			expect(error).toMatchObject({code: 'OUTCOME_UNKNOWN', key: 'order-42'});
			expect((await environment.finish(page.pay(call))).outcome).toBe('succeeded');
		}

		const {environment, server, page} = openPages(own);
		server.script(answer(402));
		const {error} = await environment.finish(page.pay(call));
		expect(String(error)).toContain("Whether another sender's request is still executing");
	});

	test('is told as not sent, or refused, where nobody else can have sent it', async () => {
		const {environment, server, page} = openPages();
		server.script(unreachable, answer(401));
		expect((await environment.finish(page.pay())).error).toMatchObject({code: 'NOT_SENT', keyKept: true});
		expect(await environment.finish(page.pay())).toMatchObject({outcome: 'refused', keyKept: true});
		expect((await environment.finish(page.pay())).outcome).toBe('succeeded');
		expect(new Set(server.keys()).size).toBe(1);
	});

	test('and refused is handed over before what came after it', async () => {
		const {environment, server, disk, page, record} = openPages();
		disk.mend();
		server.script(async exchange => (disk.breaks(), answer(402)(exchange)));
		expect((await environment.finish(page.pay())).outcome).toBe('refused');
		expect((await environment.finish(page.pay())).outcome).toBe('succeeded');
		disk.mend();
		await environment.advance(10_000);
		expect(page.types()).not.toContain('key-conflict');
		expect(await record()).toMatchObject({key: server.keys()[1], state: {status: 'succeeded'}});
		expect(server.charges()).toBe(1);
	});
});

describe('a claim that came to the store, though it said that it failed, and that another tab has taken over', () => {
	async function overtaken(here: Step, ...there: Step[]) {
		const shop = openShop();
		const {environment, server} = shop;
		const disk = faulty(shop.store);
		const page = shop.realm(degrade, disk.over);
		const other = shop.realm({retry: 0});
		disk.deafens('claim');
		disk.breaks('settle', 'renew', 'list');
		server.script(here, ...there);
		await environment.finish(page.pay());
		await environment.advance(HOUR);
		await environment.finish(other.pay());
		return {...shop, disk, page, other};
	}

	const heres: Array<[string, Step]> = [
		['a doubt', drop],
		['a 401', answer(401)],
		['what was not sent', unreachable],
	];
	test.each(heres)(
		'%s here is lost where that tab has begun anew: this one goes on with what it has begun',
		async (_, here) => {
			const {environment, server, disk, page, other, record} = await overtaken(here, drop, drop);
			await other.handle.resolve('refused');
			const {key} = await environment.finish(other.pay());
			expect(key).not.toBe(server.keys()[0]);
			disk.mend();
			expect(await environment.finish(page.pay())).toMatchObject({outcome: 'succeeded', key});
			expect(page.types()).not.toContain('key-conflict');
			expect(await record()).toMatchObject({key, state: {status: 'succeeded'}});
			expect(server.charges()).toBe(1);
		},
	);

	test('a success here is written down, though that tab has dropped it by force', async () => {
		const {page, disk, other, record} = await overtaken(ok, drop);
		await other.handle.forget({force: true});
		expect(await record()).toMatchObject({freed: true, state: {status: 'unknown'}});
		disk.mend();
		await unfinished(page.fetch);
		expect(await record()).toMatchObject({freed: true, state: {status: 'succeeded'}});
	});

	test.each(heres)('%s here is lost where that tab has completed it: this one begins anew', async (_, here) => {
		const {environment, server, disk, page, other, record} = await overtaken(here, ok);
		await other.handle.complete();
		disk.mend();
		const {outcome, key} = await environment.finish(page.pay());
		expect(outcome).toBe('succeeded');
		expect(page.types()).not.toContain('key-conflict');
		expect(key).not.toBe(server.keys()[0]);
		expect(await record()).toMatchObject({key, freed: false});
	});
});

describe('a store that turns out to hold another key', () => {
	/** The page sends without the store, and another tab, which saw nothing of it, claims there. */
	async function conflict(here: Step, there: Step, own: FetchOptions = {}) {
		const shop = openShop();
		const {environment, server, store, realm} = shop;
		const disk = faulty(store);
		disk.breaks();
		const page = realm({...degrade, ...own}, disk.over);
		const other = realm({retry: 0});
		server.script(here, there);
		await environment.finish(page.pay());
		await environment.advance(60_000);
		await environment.finish(other.pay());
		const stored = await shop.record();
		disk.mend();
		const [ours, theirs] = server.keys();
		return {...shop, page, other, disk, stored, ours: ours!, theirs: theirs!};
	}

	const heres: Array<[string, Step]> = [
		['a doubt', lose],
		['what was not sent', unreachable],
		['a 401', answer(401)],
		['a 402', answer(402)],
	];
	const theres: Array<[string, Step]> = [
		['a doubt', drop],
		['a success', ok],
		['what was not sent', unreachable],
		['a 401', answer(401)],
		['a mismatch', answer(422, {}, 'idempotency key reused')],
		['a final doubt', answer(500, {'idempotent-replayed': 'true'})],
	];
	const pairs = heres.flatMap(([one, here]) => theres.map(([other, there]) => [one, other, here, there] as const));

	test.each(pairs)(
		'%s here, %s there: unknown for good, neither is overwritten, nothing is sent',
		async (_, __, here, there) => {
			const {environment, server, page, stored, record, ours, theirs} = await conflict(here, there);
			expect(ours).not.toBe(theirs);
			for (let presses = 0; presses < 3; presses++) {
				const {outcome, error} = await environment.finish(page.pay());
				expect(outcome).toBe('unknown');
				expect(error).toMatchObject({code: 'OUTCOME_UNKNOWN', reason: 'final', key: ours, attempts: 0});
				environment.jump(HOUR);
			}

			expect(server.requests).toHaveLength(2);
			expect(await record()).toEqual(stored);
			expect(page.events).toContainEqual(expect.objectContaining({type: 'key-conflict', key: ours, storedKey: theirs}));
		},
	);

	test.each(theres)('a success here, %s there: told from memory, however often', async (_, there) => {
		const {environment, server, page, stored, record, ours, theirs} = await conflict(ok, there);
		for (let presses = 0; presses < 3; presses++)
			expect(await environment.finish(page.pay())).toMatchObject({outcome: 'succeeded', key: ours, attempts: 0});
		expect(server.requests).toHaveLength(2);
		expect(await record()).toEqual(stored);
		expect(page.events).toContainEqual(expect.objectContaining({type: 'key-conflict', key: ours, storedKey: theirs}));
	});

	test('while another tab is at it: nothing is sent, and that tab goes on undisturbed', async () => {
		const {environment, server, store, realm, record} = openShop();
		const disk = faulty(store);
		disk.breaks();
		const page = realm(degrade, disk.over);
		const other = realm();
		server.script(drop, after(5_000));
		await environment.finish(page.pay());
		const call = other.pay();
		await environment.settle();
		const stored = await record();
		disk.mend();
		expect((await environment.finish(page.pay())).error).toMatchObject({reason: 'final', attempts: 0});
		expect(await record()).toEqual(stored);
		expect((await environment.finish(call)).outcome).toBe('succeeded');
		expect(other.types()).not.toContain('lease-lost');
		expect(server.charges()).toBe(1);
	});

	test('is found, too, where a derived key was that of an earlier operation: ours may have begun after it', async () => {
		const {environment, server, store, realm} = openShop();
		const own: FetchOptions = {keyFrom: () => 'order-42', keySenders: 'anywhere'};
		const other = realm(own);
		await environment.finish(other.pay());
		await other.handle.complete();
		const disk = faulty(store);
		disk.breaks();
		const page = realm({...degrade, ...own}, disk.over);
		server.script(drop);
		await environment.finish(page.pay());
		disk.mend();
		expect((await environment.finish(page.pay())).error).toMatchObject({reason: 'final', key: 'order-42', attempts: 0});
		expect(page.types()).toContain('key-conflict');
	});

	test('is found in the background while a call goes on: no further attempt is sent', async () => {
		const {environment, server, store, realm} = openShop();
		const disk = faulty(store);
		disk.breaks();
		const page = realm(degrade, disk.over);
		server.script(drop, drop, after(1_000, drop));
		await environment.finish(page.pay());
		await environment.finish(realm({retry: 0}).pay());
		const call = page.pay({retry: 3});
		await environment.settle();
		disk.mend();
		expect((await environment.finish(call)).error).toMatchObject({reason: 'final', attempts: 1});
		expect(server.requests).toHaveLength(3);
	});

	test('is found, too, where another tab has ended the key, without a word of what was sent from here since', async () => {
		const {environment, server, store, realm} = openShop();
		const disk = faulty(store);
		const page = realm(degrade, disk.over);
		server.script(drop, drop, lose);
		await environment.finish(page.pay());
		const other = realm({retry: 0});
		expect((await environment.finish(other.pay({reconcile: () => 'refused'}))).outcome).toBe('refused');
		disk.breaks();
		expect(await environment.finish(page.pay())).toMatchObject({outcome: 'unknown', attempts: 1});
		disk.mend();
		expect((await environment.finish(page.pay())).error).toMatchObject({reason: 'final', attempts: 0});
		expect(page.types()).toContain('key-conflict');
		await page.handle.resolve('succeeded');
		expect((await environment.finish(page.pay())).outcome).toBe('succeeded');
		expect([new Set(server.keys()).size, server.charges()]).toEqual([1, 1]);
	});

	test('is found in the background, and stays found when the store fails again', async () => {
		const {environment, server, store, realm} = openShop();
		const disk = faulty(store);
		disk.breaks();
		const page = realm(degrade, disk.over);
		server.script(
			drop,
			drop,
			after(1_000, async exchange => (disk.breaks(), drop(exchange))),
		);
		await environment.finish(page.pay());
		await environment.finish(realm({retry: 0}).pay());
		const call = page.pay({reconcile: () => 'refused'});
		await environment.settle();
		disk.mend();
		expect((await environment.finish(call)).error).toMatchObject({reason: 'final'});
		expect((await environment.finish(page.pay())).error).toMatchObject({reason: 'final', attempts: 0});
		expect(server.requests).toHaveLength(3);
	});

	test('is found when the outcome is written down, too: a success is told as one', async () => {
		for (const [step, report] of [
			[ok, {outcome: 'succeeded', attempts: 1}],
			[drop, {outcome: 'unknown', attempts: 1, error: expect.objectContaining({reason: 'final'}) as unknown}],
		] as const) {
			const {environment, server, store, realm, record} = openShop();
			const disk = faulty(store);
			disk.breaks();
			const page = realm(degrade, disk.over);
			server.script(
				after(1_000, async exchange => (disk.mend(), step(exchange))),
				drop,
			);
			const call = page.pay();
			await environment.settle();
			await environment.finish(realm({retry: 0}).pay());
			const stored = await record();
			expect(await environment.finish(call)).toMatchObject(report);
			expect(page.events).toContainEqual(expect.objectContaining({type: 'key-conflict', storedKey: server.keys()[1]}));
			expect(await record()).toEqual(stored);
		}
	});

	test('lasts here, though the application finds out that ours was refused', async () => {
		let token = true;
		const {environment, server, disk, page, record, stored, ours, theirs} = await conflict(lose, drop, {
			attemptHeaders() {
				if (!token) throw new Error('no token');
				return undefined;
			},
		});
		disk.breaks();
		token = false;
		const reconcile = () => (disk.mend(), 'refused' as const);
		const {outcome, error} = await environment.finish(page.pay({reconcile}));
		expect(outcome).toBe('unknown');
		expect(error).toMatchObject({reason: 'final', key: ours});
		expect(page.events).toContainEqual(expect.objectContaining({type: 'key-conflict', key: ours, storedKey: theirs}));
		expect(await record()).toEqual(stored);
		expect(server.requests).toHaveLength(2);
	});

	test('lasts here, though the other operation has ended', async () => {
		for (const word of ['refused', 'succeeded'] as const) {
			const {environment, server, page, other, ours} = await conflict(lose, drop);
			await environment.finish(page.pay());
			await other.handle.resolve(word);
			if (word === 'succeeded') await other.handle.complete();
			const {error} = await environment.finish(page.pay());
			expect(error).toMatchObject({code: 'OUTCOME_UNKNOWN', reason: 'final', key: ours, attempts: 0});
			expect(server.requests).toHaveLength(2);
		}
	});

	test('is never gone into under that key, though the store fails in between', async () => {
		for (let failing = 1; failing < 5; failing++) {
			const {environment, server, disk, page, record, stored, theirs} = await conflict(lose, drop);
			disk.failsNext(failing);
			for (let presses = 0; presses < 3; presses++) await environment.finish(page.pay());
			expect(server.keys().filter(key => key === theirs)).toHaveLength(1);
			expect(await record()).toEqual(stored);
		}
	});

	test('is no conflict where the other operation is over: refused, completed or forgotten', async () => {
		for (const end of ['refused', 'completed', 'forgotten'] as const) {
			const {environment, page, other, record, ours, disk} = await conflict(lose, end === 'refused' ? answer(402) : ok);
			disk.breaks();
			if (end === 'completed') await other.handle.complete();
			if (end === 'forgotten') await other.handle.forget();
			disk.mend();
			expect((await environment.finish(page.pay())).outcome).toBe('succeeded');
			expect((await record())?.key).toBe(ours);
		}
	});
});
