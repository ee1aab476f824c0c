import {describe, expect, test} from 'vitest';
import {answer, drop, hang} from '../support/fake-server.ts';
import {openShop} from './shop.ts';

describe('attempts', () => {
	test('limit 0 is exactly one exchange, also when the server says that it is in progress', async () => {
		for (const step of [drop, answer(503), answer(429), answer(409, {'retry-after': '1'})]) {
			const {environment, realm, server} = openShop();
			server.script(step);
			await environment.finish(realm({retry: 0}).pay());
			expect(server.requests).toHaveLength(1);
		}
	});

	test('three retries by default, then the outcome is unknown', async () => {
		const {environment, realm, server} = openShop();
		server.script(drop, drop, drop, drop, drop);
		const {error} = await environment.finish(realm().pay());
		expect(error).toMatchObject({code: 'OUTCOME_UNKNOWN', attempts: 4});
		expect(server.requests).toHaveLength(4);
		expect(new Set(server.keys()).size).toBe(1);
	});

	test('each has its own time-out and its own signal', async () => {
		const {environment, realm, server} = openShop();
		server.script(hang);
		const begun = environment.now();
		const report = await environment.finish(realm({retry: {delay: () => 0}, timeout: 5000}).pay());
		expect(report).toMatchObject({outcome: 'succeeded', attempts: 2});
		expect(environment.now() - begun).toBe(5000);
		expect(server.requests.map(({signal}) => signal?.aborted)).toEqual([true, false]);
	});

	test('wait with full jitter, 250 ms at first and doubled every time', async () => {
		const {environment, realm, server} = openShop();
		environment.random = () => 1;
		server.script(drop, drop, drop);
		await environment.finish(realm().pay());
		const at = server.requests.map(request => request.at);
		expect(at.map(time => time - at[0]!)).toEqual([0, 250, 750, 1750]);
	});

	test('"in progress" is waited for, and uses no retry up', async () => {
		const {environment, realm, server} = openShop();
		server.script(...Array.from({length: 8}, () => answer(409, {'retry-after': '2'})));
		expect(await environment.finish(realm({retry: 1}).pay())).toMatchObject({outcome: 'succeeded', attempts: 9});
	});
});

describe('Retry-After', () => {
	const waits: Array<[string, string, number]> = [
		['in seconds', '7', 7000],
		['as a date', new Date(1_800_000_007_000).toUTCString(), 7000],
		['in the past', new Date(0).toUTCString(), 0],
		['that is garbage is no wait of its own', 'soon', 250],
		['that is negative is no wait of its own', '-5', 250],
	];
	test.each(waits)('%s', async (_, value, ms) => {
		const {environment, realm, server} = openShop();
		environment.random = () => 1;
		server.script(answer(503, {'retry-after': value}));
		await environment.finish(realm().pay());
		expect(server.requests[1]!.at - server.requests[0]!.at).toBe(ms);
	});

	test('past the total time ends the call at once', async () => {
		const {environment, realm, server} = openShop();
		server.script(answer(503, {'retry-after': '20'}));
		const begun = environment.now();
		const {error} = await environment.finish(realm({totalTimeout: 15_000}).pay());
		expect(error).toMatchObject({code: 'OUTCOME_UNKNOWN', status: 503});
		expect(environment.now()).toBe(begun);
		expect(server.requests).toHaveLength(1);
	});
});
