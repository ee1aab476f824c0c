import {describe, expect, test} from 'vitest';
import type {Dialect} from '../../src/dialects/dialect.ts';
import {ietf} from '../../src/dialects/ietf.ts';
import {forgetAll} from '../../src/operation/forget-all.ts';
import {operationOf} from '../../src/operation/handle.ts';
import {unfinished} from '../../src/operation/unfinished.ts';
import type {FetchOptions} from '../../src/options.ts';
import {after, answer, drop, type Received, type Step} from '../support/fake-server.ts';
import {OPERATION, openShop, type Shop} from './shop.ts';

const DAY = 86_400_000;
const PAYMENT = 'https://shop.test/payments/1';

/** Takes the payment; where it stands is told at `/payments/1`. */
const taken = answer(202, {location: '/payments/1', 'content-type': 'application/json'}, '{"status":"processing"}');
const says = (status: string, headers = {}, httpStatus = 200): Step =>
	answer(httpStatus, {'content-type': 'application/json', ...headers}, JSON.stringify({status}));
const saysElsewhere: Step = async () =>
	Object.defineProperty(Response.json({status: 'paid'}), 'redirected', {value: true});

const statusOf = (body: Uint8Array | undefined) =>
	(JSON.parse(new TextDecoder().decode(body)) as {status: string}).status;

const bank: Dialect = {
	...ietf(),
	name: 'bank',
	read: ({status}) => (status === 202 ? 'pending' : undefined),
	statusRequest: {
		url: ({headers}) => headers.get('location') ?? undefined,
		read({body}) {
			const status = statusOf(body);
			return status === 'paid' ? 'succeeded' : status === 'declined' ? 'refused' : 'pending';
		},
	},
};

const judged: FetchOptions = {judge: ({status}) => (status === 202 ? 'pending' : undefined)};
const keeps: FetchOptions = {
	dialect: bank,
	pending: ({headers}) => ({
		statusUrl: headers.get('location') ?? undefined,
		redirectUrl: 'https://bank.test/3ds?s=secret',
	}),
};

async function pendingShop(options: FetchOptions = {dialect: bank}, step = taken) {
	const shop = openShop();
	shop.server.script(step);
	const realm = shop.realm(options);
	const report = await shop.environment.finish(realm.pay());
	return {...shop, ...realm, report, later: () => shop.environment.jump(10_000)};
}

const sent = ({requests}: Shop['server']) => requests.map(({method, url}: Received) => `${method} ${url}`);
const POST = 'POST https://shop.test/orders';
const GET = `GET ${PAYMENT}`;

describe('an answer that says pending', () => {
	test.each<[string, FetchOptions]>([
		['the dialect', {dialect: bank}],
		['judge', judged],
	])('by %s: the call returns it, and the operation stays open under its key', async (_, options) => {
		const {report, record, events, handle} = await pendingShop(options);
		expect(report).toMatchObject({outcome: 'pending', error: undefined, attempts: 1, replayed: false, keyKept: true});
		expect(report.response?.status).toBe(202);
		expect(await record()).toMatchObject({
			key: report.key,
			owner: '',
			leaseUntil: 0,
			state: {status: 'pending', httpStatus: 202},
		});
		expect((await record())?.pending).toBeUndefined();
		expect(events.at(-1)).toMatchObject({type: 'settled', outcome: 'pending', status: 202});
		expect(handle.state.status).toBe('pending');
		expect(handle.outcome()?.outcome).toBe('pending');
	});

	test('tells when to ask again: what the server says, no sooner than in a second', async () => {
		const wait = (header: Record<string, string>) => answer(202, {location: '/payments/1', ...header});
		const told = async (step: Step) => {
			const {handle, environment} = await pendingShop({dialect: bank}, step);
			return (handle.state.retryAt ?? 0) - environment.now();
		};
		expect(await told(wait({'retry-after': '60'}))).toBe(60_000);
		expect(await told(wait({'retry-after': '0'}))).toBe(1000);
		expect(await told(wait({}))).toBe(5000);
	});

	test('a call without a name gets it, too', async () => {
		const {environment, server, realm} = openShop();
		server.script(taken);
		const report = await environment.finish(realm({dialect: bank}).pay({operation: true}));
		expect(report).toMatchObject({outcome: 'pending', error: undefined});
	});

	test('after an ambiguous attempt it is pending all the same', async () => {
		const {environment, server, realm} = openShop();
		server.script(drop, taken);
		expect((await environment.finish(realm({dialect: bank}).pay())).outcome).toBe('pending');
	});

	test('it is no more than that for a judge that says so of a 4xx', async () => {
		const {environment, server, realm} = openShop();
		server.script(answer(402));
		const {pay} = realm({judge: () => 'pending'});
		expect((await environment.finish(pay())).outcome).toBe('refused');
	});

	test('it is listed as pending, with neither what is kept nor a way to send it again', async () => {
		const {fetch, events} = await pendingShop({...keeps, keepRequest: true});
		const [open] = await unfinished(fetch);
		expect(open).toMatchObject({operation: OPERATION, outcome: 'pending', expired: false, working: false});
		expect(open).not.toHaveProperty('resume');
		expect(JSON.stringify([open, events])).not.toContain('secret');
	});
});

describe('pressing again', () => {
	test('asks where the payment stands, and gives the first answer again while it is pending', async () => {
		const {environment, server, pay, later} = await pendingShop();
		later();
		server.script(says('processing'));
		const again = await environment.finish(pay());
		expect(again).toMatchObject({outcome: 'pending', error: undefined, replayed: true, attempts: 0});
		expect(await again.response?.json()).toEqual({status: 'processing'});
		expect(again.response?.status).toBe(202);
		expect(sent(server)).toEqual([POST, GET]);
	});

	test('gets the answer about the payment once it is paid, and from then on it has succeeded', async () => {
		const {environment, server, pay, later, record, report, handle} = await pendingShop();
		later();
		server.script(says('paid'));
		const again = await environment.finish(pay());
		expect(again).toMatchObject({outcome: 'succeeded', error: undefined, replayed: true, key: report.key});
		expect(await again.response?.json()).toEqual({status: 'paid'});
		expect(handle.state.status).toBe('succeeded');
		expect((await record())?.state.status).toBe('succeeded');
		expect((await environment.finish(pay())).outcome).toBe('succeeded');
		await handle.complete();
		expect(sent(server)).toEqual([POST, GET]);
	});

	test('begins anew once it was declined, under a new key', async () => {
		const {environment, server, pay, later, report} = await pendingShop();
		later();
		server.script(says('declined'));
		const again = await environment.finish(pay());
		expect(again).toMatchObject({outcome: 'succeeded', attempts: 1, replayed: false});
		expect(again.key).not.toBe(report.key);
		expect(sent(server)).toEqual([POST, GET, POST]);
	});

	test.each<[string, Step]>([
		['a 404', answer(404)],
		['a 402', answer(402)],
		['a 500', answer(500)],
		['a lost answer', drop],
		['a 402 that says that it was declined', says('declined', {}, 402)],
		['a 404 that says that it was declined', says('declined', {}, 404)],
		['a 503 that says that it was paid', says('paid', {}, 503)],
		['a redirect', answer(302, {location: '/login'})],
		['what another page says, where a redirect has led', saysElsewhere],
		['no JSON', answer(200, {}, 'paid')],
		['a word that is not known', says('on_hold')],
	])('%s of the status request leaves it pending', async (_, step) => {
		const {environment, server, pay, later, record} = await pendingShop();
		later();
		server.script(step);
		expect((await environment.finish(pay())).outcome).toBe('pending');
		expect((await record())?.state.status).toBe('pending');
		expect(sent(server)).toEqual([POST, GET]);
	});

	test('asks no more often than the server wants', async () => {
		const {environment, server, pay, later} = await pendingShop();
		await environment.finish(pay());
		expect(sent(server)).toEqual([POST]);
		later();
		server.script(says('processing', {'retry-after': '60'}));
		await environment.finish(pay());
		later();
		await environment.finish(pay());
		expect(sent(server)).toEqual([POST, GET]);
		environment.jump(60_000);
		await environment.finish(pay());
		expect(sent(server)).toEqual([POST, GET, GET]);
	});

	test('asks the application first', async () => {
		const {environment, server, pay, later, record} = await pendingShop({dialect: bank, reconcile: () => 'succeeded'});
		later();
		const {outcome, error} = await environment.finish(pay());
		expect([outcome, (error as {code?: string}).code]).toEqual(['succeeded', 'ALREADY_SUCCEEDED']);
		expect((await record())?.state).toEqual({status: 'succeeded', said: true});
		expect(sent(server)).toEqual([POST]);
	});

	test('after a reload there is no answer to give: PendingError, with nothing sent', async () => {
		const {environment, server, realm, later} = await pendingShop(judged);
		later();
		const {outcome, error} = await environment.finish(realm(judged).pay());
		expect(outcome).toBe('pending');
		expect(error).toMatchObject({
			code: 'PENDING',
			outcome: 'pending',
			status: 202,
			operation: OPERATION,
			keyKept: true,
		});
		expect(sent(server)).toEqual([POST]);
	});

	test('after a reload keepResponse has the answer, and the status URL of `pending` still leads to the payment', async () => {
		const {environment, server, realm, later} = await pendingShop({...keeps, keepResponse: true});
		later();
		server.script(says('processing'), says('paid'));
		const {pay} = realm({...keeps, keepResponse: true});
		const still = await environment.finish(pay());
		expect(still).toMatchObject({outcome: 'pending', replayed: true});
		expect(still.response?.headers.get('location')).toBe('/payments/1');
		environment.jump(10_000);
		expect((await environment.finish(pay())).outcome).toBe('succeeded');
		expect(sent(server)).toEqual([POST, GET, GET]);
	});

	test('with another payload it is another operation: PayloadChangedError, also past the end of the key', async () => {
		const {environment, server, pay} = await pendingShop();
		expect((await environment.finish(pay({body: '{"cart":43}'}))).error).toMatchObject({code: 'PAYLOAD_CHANGED'});
		environment.jump(2 * DAY);
		expect((await environment.finish(pay({body: '{"cart":43}'}))).error).toMatchObject({code: 'PAYLOAD_CHANGED'});
		expect(sent(server)).toEqual([POST]);
	});

	test("after the key's end it asks, and sends no POST", async () => {
		const {environment, server, pay} = await pendingShop({
			dialect: {...bank, retention: DAY, repeatsGiveCurrentState: true},
		});
		environment.jump(2 * DAY);
		server.script(says('paid'));
		expect((await environment.finish(pay())).outcome).toBe('succeeded');
		expect(sent(server)).toEqual([POST, GET]);
	});

	test('where a repeat gives the current state, it is sent again under its key', async () => {
		const {environment, server, pay, report, record} = await pendingShop({
			dialect: {...bank, repeatsGiveCurrentState: true},
		});
		server.script(taken, drop, drop, drop, drop, answer(402), answer(201));
		expect(await environment.finish(pay())).toMatchObject({outcome: 'pending', replayed: false, attempts: 1});
		const lost = await environment.finish(pay());
		expect(lost).toMatchObject({outcome: 'pending', replayed: true, attempts: 4});
		expect(lost.response?.status).toBe(202);
		expect((await record())?.state.status).toBe('pending');
		expect(await environment.finish(pay())).toMatchObject({outcome: 'pending', error: undefined});
		expect((await record())?.state.status).toBe('pending');
		expect((await environment.finish(pay())).outcome).toBe('succeeded');
		expect(new Set(server.keys())).toEqual(new Set([report.key]));
	});
});

describe('where the status is asked', () => {
	async function asked(statusUrl: string, more: Partial<Dialect> = {}) {
		const shop = await pendingShop({...keeps, dialect: {...bank, ...more}, pending: () => ({statusUrl})});
		shop.later();
		await shop.environment.finish(shop.pay({headers: {authorization: 'Bearer t'}}));
		return shop.server.requests.slice(1);
	}

	test('on the origin of the request, with the headers of the call but those of the body and the key', async () => {
		const [request] = await asked('../payments/1?view=state');
		expect(request).toMatchObject({method: 'GET', url: `${PAYMENT}?view=state`, key: undefined});
		expect([...(request?.headers ?? [])].map(([name]) => name)).toEqual(['authorization']);
	});

	test.each([
		['another origin', 'https://evil.test/payments/1'],
		['another port', 'https://shop.test:8443/payments/1'],
		['http', 'http://shop.test/payments/1'],
		['another host without a scheme', '//evil.test/payments/1'],
		['another host by backslashes', String.raw`\\evil.test\payments\1`],
		['a user in it', 'https://a:b@shop.test/payments/1'],
		['a blob of the page', 'blob:https://shop.test/0a1b'],
		['data', 'data:application/json,{"status":"paid"}'],
		['no URL', 'https://'],
		['a script', 'javascript:alert(1)'],
	])('not at %s', async (_, url) => {
		expect(await asked(url)).toEqual([]);
	});

	test('at another origin that the dialect declares', async () => {
		const [request] = await asked('https://status.shop.test/1', {statusOrigins: ['https://status.shop.test']});
		expect(request?.url).toBe('https://status.shop.test/1');
	});

	test('with fresh headers, and never for somebody else', async () => {
		let user = 'ann';
		const options: FetchOptions = {dialect: bank, scope: () => user, attemptHeaders: () => ({'x-token': user})};
		const {environment, server, pay, later} = await pendingShop(options);
		later();
		await environment.finish(pay());
		expect(server.requests[1]?.headers.get('x-token')).toBe('ann');
		later();
		const pressed = pay();
		user = 'bob';
		await environment.finish(pressed);
		expect(server.requests).toHaveLength(2);
	});
});

describe('what `pending` picks', () => {
	test('is kept until it is settled, its status URL absolute', async () => {
		const {handle, environment, server, pay, later, record} = await pendingShop(keeps);
		const kept = {statusUrl: PAYMENT, redirectUrl: 'https://bank.test/3ds?s=secret'};
		expect(await handle.pending()).toEqual(kept);
		later();
		server.script(says('paid'));
		await environment.finish(pay());
		expect(await handle.pending()).toBeUndefined();
		expect((await record())?.pending).toBeUndefined();
	});

	test.each<[string, FetchOptions['pending']]>([
		[
			'throws',
			() => {
				throw new Error('no');
			},
		],
		['rejects', async () => Promise.reject(new Error('no'))],
		['never answers', async () => new Promise(() => undefined)],
		['gives something else', () => ({statusUrl: 5}) as unknown as undefined],
		['gives nothing', () => undefined],
	])('that %s keeps nothing, and the answer is told', async (_, pending) => {
		const {report, handle} = await pendingShop({dialect: bank, pending: pending!});
		expect(report.outcome).toBe('pending');
		expect(await handle.pending()).toBeUndefined();
	});
});

describe('ways out', () => {
	test.each(['complete', 'forget'] as const)('%s is refused while it is pending', async way => {
		const {handle, record} = await pendingShop();
		await expect(handle[way]()).rejects.toMatchObject({code: 'PENDING', outcome: 'pending'});
		expect((await record())?.freed).toBe(false);
	});

	test('forgetAll leaves it open, under its key, with what is kept of it', async () => {
		const {fetch, handle, environment, server, pay, later, report} = await pendingShop(keeps);
		await forgetAll(fetch);
		expect(await handle.pending()).toMatchObject({statusUrl: PAYMENT});
		later();
		const {outcome, key} = await environment.finish(pay());
		expect([outcome, key]).toEqual(['pending', report.key]);
		expect(sent(server)).toEqual([POST, GET]);
	});

	test.each(['succeeded', 'refused'] as const)('resolve says that it %s', async outcome => {
		const {handle, record, environment, pay, report} = await pendingShop(keeps);
		await handle.resolve(outcome);
		expect((await record())?.state.status).toBe(outcome);
		expect((await record())?.pending).toBeUndefined();
		expect(handle.state.status).toBe(outcome);
		const again = await environment.finish(pay());
		expect(again.key === report.key).toBe(outcome === 'succeeded');
	});

	test('somebody who looked and is gone holds nobody up: what was found out counts', async () => {
		const {handle, record, store} = await pendingShop(keeps);
		const {key = '', fingerprint = ''} = (await record()) ?? {};
		const looks = {key, fingerprint, owner: 'gone', lease: 30_000, keyLife: DAY, onLapsed: 'take'} as const;
		await store.claim({scope: '', name: JSON.stringify(OPERATION)}, looks);
		expect((await record())?.owner).toBe('gone');
		await handle.resolve('succeeded');
		expect(await record()).toMatchObject({owner: '', state: {status: 'succeeded', said: true}});
	});

	test('forget with force frees it', async () => {
		const {handle, environment, pay, report} = await pendingShop();
		await handle.forget({force: true});
		expect((await environment.finish(pay())).key).not.toBe(report.key);
	});
});

describe('several tabs', () => {
	test('who waits gets outcome and answer, as given before', async () => {
		const {environment, server, realm} = openShop();
		server.script(after(3000, taken));
		const [one, other] = [realm({dialect: bank}), realm({dialect: bank})];
		const first = one.pay();
		const second = other.pay();
		const reports = [await environment.finish(first), await environment.finish(second)];
		expect(reports.map(({outcome, replayed, response}) => [outcome, replayed, response?.status])).toEqual([
			['pending', false, 202],
			['pending', true, 202],
		]);
		expect(sent(server)).toEqual([POST]);
	});

	test('a handle elsewhere shows it, asks while somebody listens, and shows how it ended', async () => {
		const {environment, server, realm} = await pendingShop(keeps);
		const other = realm(keeps);
		const seen: string[] = [];
		server.script(says('processing'), drop, says('paid'));
		environment.jump(10_000);
		const listening = realm(keeps);
		const stop = listening.handle.subscribe(({status}) => seen.push(status));
		await environment.advance(30_000);
		stop();
		expect(seen.filter((status, i) => status !== seen[i - 1])).toEqual(['loading', 'pending', 'succeeded']);
		expect(sent(server)).toEqual([POST, GET, GET, GET]);
		expect((await environment.finish(other.pay())).outcome).toBe('succeeded');
		await environment.advance(60_000);
		expect(sent(server)).toHaveLength(4);
	});

	test('a server that does not say when is asked less and less often, up to once a minute', async () => {
		const {environment, server, realm} = await pendingShop(keeps);
		environment.jump(10_000);
		server.script(...Array.from({length: 200}, () => says('processing')));
		const {handle} = realm(keeps);
		const stop = handle.subscribe(() => undefined);
		await environment.advance(3_600_000);
		stop();
		const asked = server.requests.slice(1).map(({at}) => at);
		const waits = asked.slice(1).map((at, i) => Math.round((at - (asked[i] ?? 0)) / 1000));
		expect(waits.slice(0, 4)).toEqual([5, 8, 11, 17]);
		expect([waits.at(-1), waits.length < 70]).toEqual([60, true]);
	});

	test('a handle that nobody listens to asks nothing', async () => {
		const {environment, server, realm} = await pendingShop({...keeps, reconcile: () => 'succeeded'});
		environment.jump(10_000);
		const {handle} = realm({...keeps, reconcile: () => 'succeeded'});
		expect(handle.state.status).toBe('loading');
		await environment.advance(30_000);
		expect(handle.state.status).toBe('pending');
		expect(sent(server)).toEqual([POST]);
	});

	test('back from the bank by another load, a handle asks the application', async () => {
		const {environment, realm, record} = await pendingShop(judged);
		const found: Array<'succeeded'> = [];
		const {fetch} = realm({...judged, reconcile: () => found[0]});
		const handle = operationOf(fetch, OPERATION);
		const seen: string[] = [];
		const stop = handle.subscribe(({status}) => seen.push(status));
		await environment.advance(1000);
		expect(seen.at(-1)).toBe('pending');
		found.push('succeeded');
		environment.restore();
		await environment.advance(6000);
		stop();
		expect(seen.at(-1)).toBe('succeeded');
		expect((await record())?.state).toEqual({status: 'succeeded', said: true});
	});
});
