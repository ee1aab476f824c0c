import {describe, expect, test} from 'vitest';
import {looksLive, saysLive} from '../../src/probe/live.ts';
import {settingsOf} from '../../src/probe/arguments.ts';
import {isLoopback} from '../../src/probe/plan.ts';
import {guard, start} from './guard.ts';
import {body, everything, latchkey} from './run.ts';

describe('nothing is sent', () => {
	async function refused(...args: readonly string[]) {
		let requests = 0;
		await using server = await start((_, outgoing) => {
			requests++;
			outgoing.end('{}');
		});
		const {port} = new URL(server.origin);
		const result = await latchkey('probe', ...args.map(arg => arg.replace('{port}', port)));
		return {...result, requests};
	}

	test('to another address than loopback without --yes, and what would be is said', async () => {
		// Every address of this machine: not loopback by its name.
		const {status, out, err, requests} = await refused('http://0.0.0.0:{port}/orders', '--body', body);
		expect({status, requests}).toEqual({status: 2, requests: 0});
		expect(out).toMatch(/At most \d+ requests, and \d+ effects/);
		expect(err).toContain('say --yes');
	});

	test.each([
		['a key of Stripe', ['--header', 'Authorization: Bearer sk_live_abc123']],
		['a restricted key', ['--header', 'Authorization: Bearer rk_live_abc123']],
		['a key of Mollie', ['--header', 'Authorization: Bearer live_abc123']],
		['a key of Razorpay', ['--header', 'X-Key: rzp_live_abc123']],
		['a key of Xendit', ['--header', 'X-Key: xnd_production_abc123']],
		['a token of Braintree', ['--header', 'X-Key: access_token$production$abc$def']],
		['a key of Flutterwave', ['--header', 'Authorization: Bearer FLWSECK-abc123-X']],
		['basic credentials', ['--header', `Authorization: Basic ${Buffer.from('sk_live_abc123:').toString('base64')}`]],
		['the second caller', ['--headers-b', 'Authorization: Bearer sk_live_abc123']],
		['what makes errors', ['--error-header', 'Authorization: Bearer sk_live_abc123']],
		['a body', ['--body', '{"key":"sk_live_abc123"}']],
		['another body', ['--other-body', '{"key":"sk_live_abc123"}']],
		['a body that makes errors', ['--error-body', '{"key":"sk_live_abc123"}']],
		['a count', ['--count', 'curl -u sk_live_abc123: http://localhost/count']],
		[
			'a JSON Web Token',
			['--header', `Authorization: Bearer x.${Buffer.from('{"livemode":true}').toString('base64url')}.x`],
		],
	])('with a live key: %s', async (_, args) => {
		for (const yes of [[], ['--yes']]) {
			const {status, err, out, requests} = await refused('http://127.0.0.1:{port}/', ...args, ...yes);
			expect({status, requests}).toEqual({status: 2, requests: 0});
			expect(err).toContain('live key');
			expect(err + out).not.toContain('abc123');
		}
	});

	test('with a live key in the URL', async () => {
		const {status, requests} = await refused('http://sk_live_abc123@127.0.0.1:{port}/?key=sk%5Flive%5Fabc123');
		expect({status, requests}).toEqual({status: 2, requests: 0});
	});

	test.each([
		['no URL', []],
		['two URLs', ['http://localhost', 'http://localhost']],
		['no URL that can be read', ['localhost:3000/orders']],
		['a URL of another kind', ['ftp://localhost']],
		['an option that there is not', ['http://localhost:{port}', '--boddy', '{}']],
		['an option without its value', ['http://localhost:{port}', '--body']],
		['no method', ['http://localhost:{port}', '--method', 'PO ST']],
		['a header without a colon', ['http://localhost:{port}', '--header', 'Authorization']],
		['the key among the headers', ['http://localhost:{port}', '--header', 'idempotency-key: a']],
		['no header for the key', ['http://localhost:{port}', '--key-header', 'a b']],
		['two places for the key', ['http://localhost:{port}', '--body', '{{key}}', '--key-header', 'X-Key']],
		['no time', ['http://localhost:{port}', '--timeout', '10']],
		['no time to be slow for', ['http://localhost:{port}', '--slow-for', '99999h']],
		['a requirement that there is not', ['http://localhost:{port}', '--require', 'safe,everything']],
		['a file that there is not', ['http://localhost:{port}', '--body', '@/nowhere/order.json']],
		['a command that fails', ['http://localhost:{port}', '--count', 'exit 1']],
		['a command that says no number', ['http://localhost:{port}', '--count', 'echo many']],
	])('for %s', async (_, args) => {
		const {status, err, requests} = await refused(...args);
		expect({status, requests}).toEqual({status: 2, requests: 0});
		expect(err.trim().split('\n')).toHaveLength(1);
	});
});

test.each([
	['http://localhost', true],
	['http://LOCALHOST:3000', true],
	['http://shop.localhost', true],
	['http://127.0.0.1', true],
	['http://127.1', true],
	['http://2130706433', true],
	['http://[::1]', true],
	['http://[::ffff:127.0.0.1]', false],
	['http://0.0.0.0', false],
	['http://localhost.example', false],
	['http://127.0.0.1.nip.io', false],
	['http://user@example.com#@localhost', false],
	['http://192.168.0.1', false],
])('%s is loopback: %s', (url, expected) => {
	expect(isLoopback(new URL(url))).toBe(expected);
});

test.each([
	['https://api-m.paypal.com/v2/checkout/orders', true],
	['https://api-m.sandbox.paypal.com/v2/checkout/orders', false],
	['https://connect.squareup.com/v2/payments', true],
	['https://connect.squareupsandbox.com/v2/payments', false],
	['https://1797a841fbb37ca7-AdyenDemo-checkout-live.adyenpayments.com/checkout/v71/payments', true],
	['https://checkout-test.adyen.com/v71/payments', false],
	['https://abcd1234.api.checkout.com/payments', true],
	['https://api.checkout.com/payments', true],
	['https://api.sandbox.checkout.com/payments', false],
	['https://abcd1234.api.sandbox.checkout.com/payments', false],
	['https://api.gocardless.com/payments', true],
	['https://api-sandbox.gocardless.com/payments', false],
	['https://shop.example/live_/orders', false],
])('%s is for real money: %s', (url, expected) => {
	expect(looksLive(settingsOf([url])) !== undefined).toBe(expected);
});

test.each([
	'sk_test_abc',
	'test_abc',
	'rzp_test_abc',
	'FLWSECK_TEST-abc',
	'delivery_abc',
	'olive_oil',
	'alive-1',
	'reproduction_1',
])('%s is no live key', key => {
	expect(looksLive(settingsOf(['http://localhost', '--header', `X-Key: ${key}`]))).toBeUndefined();
});

test('it stops at once where the server says that this is live', async () => {
	let requests = 0;
	await using server = await start((_, outgoing) => {
		requests++;
		outgoing.writeHead(201).end('{"id": "ch_1", "livemode": true}');
	});
	const {status, err} = await latchkey('probe', server.origin);
	expect({status, requests}).toEqual({status: 3, requests: 1});
	expect(err).toContain('live');
	expect(saysLive('{"livemode":false}')).toBe(false);
});

test('how long the slow checks take is said before', async () => {
	const plan = async (...args: readonly string[]) => (await latchkey('probe', 'http://192.0.2.1', ...args)).out;
	expect(await plan()).not.toContain('waits');
	expect(await plan('--slow')).toContain('It waits for 20 min at most');
	expect(await plan('--slow-for', '1h')).toContain('It waits for 120 min at most');
});

describe('--require', () => {
	const names = ['safe', 'replay', 'concurrent', 'lost', 'errors', 'mismatch', 'scoped', 'draft'];

	test('all are met by an ideal guard', async () => {
		const shop = guard();
		await using server = await start(shop.listener);
		const {status, out} = await latchkey('probe', server.origin, ...everything, '--require', names.join(), '--json');
		expect(status).toBe(0);
		expect(JSON.parse(out).required).toEqual(names.map(name => ({name, met: true})));
	});

	test('none is met where keys are ignored, and the status is 1', async () => {
		const shop = guard({keys: 'ignored', missing: 'accepted'});
		await using server = await start(shop.listener);
		const args = [server.origin, ...everything, ...names.flatMap(name => ['--require', name])];
		const {status, out} = await latchkey('probe', ...args);
		expect(status).toBe(1);
		expect(out).toContain(`Not met: ${names.join(', ')}`);
	});

	test('what is not known is not met', async () => {
		const shop = guard({answers: 'alike', replays: 'unmarked'});
		await using server = await start(shop.listener);
		const {status} = await latchkey('probe', server.origin, '--body', body, '--require', 'safe');
		expect(status).toBe(1);
	});
});

test.each([[], ['--help'], ['probe', '--help'], ['help']].map(args => [args.join(' '), args] as const))(
	'latchkey %s shows how to call it',
	async (_, args) => {
		const {out, status} = await latchkey(...args);
		expect(out).toContain('latchkey probe <url>');
		expect(status).toBe(args.length === 0 ? 2 : 0);
	},
);

test('another command is none', async () => {
	const {status, err} = await latchkey('prob', 'http://localhost');
	expect(status).toBe(2);
	expect(err).toContain('latchkey probe <url>');
});
