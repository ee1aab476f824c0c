import {describe, expect, test} from 'vitest';
import {after, answer, hang, ok, unreachable, type Step} from '../support/fake-server.ts';
import {openShop, type Shop} from './shop.ts';

/** Another realm has claimed the operation and is sending; what it meets shows after five seconds. */
async function whileElsewhere(step: Step, shop: Shop = openShop()) {
	const owner = shop.realm({retry: 0});
	shop.server.script(after(5000, step));
	const elsewhere = owner.pay();
	await shop.environment.settle();
	return {...shop, owner, elsewhere};
}

describe('who waits for an operation that was never sent', () => {
	test('claims it and sends, under the same key, and is not told of what somebody else did not send', async () => {
		const {environment, realm, server, elsewhere, record} = await whileElsewhere(unreachable);
		const waiter = realm();
		const [theirs, ours] = await environment.finish(Promise.all([elsewhere, waiter.pay()]));
		expect(theirs).toMatchObject({outcome: 'not-sent', error: {code: 'NOT_SENT'}});
		expect(ours).toMatchObject({outcome: 'succeeded', error: undefined, key: theirs.key, attempts: 1, replayed: false});
		expect(waiter.types()).not.toContain('taken-over');
		expect(server.requests).toHaveLength(2);
		expect(await record()).toMatchObject({state: {status: 'succeeded'}, token: 2});
	});

	test('sends one at a time: those who wait on take the success of the first that gets through', async () => {
		const {environment, realm, server, elsewhere} = await whileElsewhere(unreachable);
		let underWay = 0;
		let most = 0;
		const alone =
			(step: Step): Step =>
			async exchange => {
				most = Math.max(most, ++underWay);
				try {
					return await after(1000, step)(exchange);
				} finally {
					underWay--;
				}
			};
		server.script(alone(unreachable), alone(unreachable), alone(ok));
		const waiting = Array.from({length: 10}, async () => realm({retry: 0}).pay());
		const [theirs, ...reports] = await environment.finish(Promise.all([elsewhere, ...waiting]));
		expect(most).toBe(1);
		expect(server.requests).toHaveLength(4);
		expect(new Set(server.keys())).toEqual(new Set([theirs.key]));
		expect(reports.map(({outcome}) => outcome).toSorted()).toEqual([
			'not-sent',
			'not-sent',
			...Array.from({length: 8}, () => 'succeeded'),
		]);
		expect(server.charges()).toBe(1);
	});

	test('has its own time: one that is over sends nothing', async () => {
		const {environment, realm, server, elsewhere} = await whileElsewhere(unreachable);
		const late = realm({totalTimeout: 4000}).pay();
		const report = await environment.finish(late);
		expect(report).toMatchObject({outcome: 'unknown', error: {code: 'OUTCOME_UNKNOWN', attempts: 0}});
		await environment.finish(elsewhere);
		await environment.advance(60_000);
		expect(server.requests).toHaveLength(1);
	});

	test('has its own time: what is left of it bounds its attempts', async () => {
		const {environment, realm, server, elsewhere} = await whileElsewhere(unreachable);
		server.script(hang);
		const begun = environment.now();
		const report = await environment.finish(realm({totalTimeout: 8000}).pay());
		expect(environment.now() - begun).toBe(8000);
		expect(report).toMatchObject({outcome: 'unknown', attempts: 1});
		await elsewhere;
		expect(server.requests).toHaveLength(2);
	});

	test('is refused with a changed request while it is under way, and begins anew under a new key after that', async () => {
		const {environment, realm, server, elsewhere} = await whileElsewhere(unreachable);
		const other = realm();
		const changed = {body: '{"cart":43}'};
		expect((await environment.finish(other.pay(changed))).error).toMatchObject({code: 'PAYLOAD_CHANGED'});
		const {key} = await environment.finish(elsewhere);
		const report = await environment.finish(other.pay(changed));
		expect(report.outcome).toBe('succeeded');
		expect(report.key).not.toBe(key);
		expect(server.requests).toHaveLength(2);
	});

	test('is told that its request has changed, when another one has begun under the name meanwhile', async () => {
		const {environment, realm, server, owner, elsewhere, record} = await whileElsewhere(unreachable);
		const waiting = realm().pay();
		await environment.settle();
		await environment.finish(elsewhere);
		server.script(after(5000));
		const changed = owner.pay({body: '{"cart":43}'});
		const [report] = await environment.finish(Promise.all([waiting, changed]));
		expect(report.error).toMatchObject({code: 'PAYLOAD_CHANGED', attempts: 0});
		expect(server.charges()).toBe(1);
		expect((await record())?.state.status).toBe('succeeded');
	});
});

describe('who waits for an operation that was turned away', () => {
	const declined = answer(401, {'content-type': 'application/json'}, '{"error":"who?"}');

	test.each([401, 403, 409, 429])(
		'takes the refusal with status %i and its answer, and sends nothing',
		async status => {
			const {environment, realm, server, elsewhere} = await whileElsewhere(answer(status, {}, 'not now'));
			const waiters = Array.from({length: 5}, async () => realm().pay());
			const [theirs, ...ours] = await environment.finish(Promise.all([elsewhere, ...waiters]));
			expect(theirs).toMatchObject({outcome: 'refused', keyKept: true});
			for (const report of ours) {
				expect(report).toMatchObject({outcome: 'refused', key: theirs.key, attempts: 0, replayed: true, keyKept: true});
				expect(report.response?.status).toBe(status);
				expect(await report.response?.text()).toBe('not now');
			}

			expect(server.requests).toHaveLength(1);
		},
	);

	test('is thrown RefusedError where the answer is not at hand, which says that the key was kept', async () => {
		const {environment, realm, server, elsewhere} = await whileElsewhere(answer(403, {}, 'x'.repeat(64 * 1024 + 1)));
		const waiting = realm().pay();
		const [{key}, report] = await environment.finish(Promise.all([elsewhere, waiting]));
		expect(report).toMatchObject({outcome: 'refused', keyKept: true});
		expect(report.error).toMatchObject({code: 'REFUSED', status: 403, key, keyKept: true});
		expect(String(report.error)).toContain('under the same key');
		expect(JSON.parse(JSON.stringify(report.error))).toMatchObject({code: 'REFUSED', keyKept: true});
		expect(server.requests).toHaveLength(1);
	});

	test('of a refusal by the handler is told that the next goes under a new key', async () => {
		const {environment, realm, elsewhere} = await whileElsewhere(answer(402, {}, 'x'.repeat(64 * 1024 + 1)));
		const [, report] = await environment.finish(Promise.all([elsewhere, realm().pay()]));
		expect(report.error).toMatchObject({code: 'REFUSED', status: 402, keyKept: false});
		expect(String(report.error)).toContain('under a new key');
		expect(JSON.parse(JSON.stringify(report.error))).toMatchObject({keyKept: false});
	});

	test('is given the answer that it waited for, not one that this realm remembers of the same key', async () => {
		const {environment, realm, server} = openShop();
		const [one, other] = [realm(), realm()];
		server.script(answer(401, {}, 'first'), after(5000, answer(401, {}, 'second')));
		await environment.finish(one.pay());
		const elsewhere = other.pay();
		await environment.settle();
		const [ours] = await environment.finish(Promise.all([one.pay(), elsewhere]));
		expect(await ours.response?.text()).toBe('second');
		expect(server.requests).toHaveLength(2);
	});

	test('presses again, and is sent under the same key', async () => {
		const {environment, realm, server, elsewhere} = await whileElsewhere(declined);
		const waiter = realm();
		const [{key}] = await environment.finish(Promise.all([elsewhere, waiter.pay()]));
		expect(await environment.finish(waiter.pay())).toMatchObject({outcome: 'succeeded', key, attempts: 1});
		expect(server.keys()).toEqual([key, key]);
	});
});
