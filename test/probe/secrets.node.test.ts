import {describe, expect, test} from 'vitest';
import {start} from './guard.ts';
import {latchkey} from './run.ts';

const secret = 'S3cr3t-Value+9';
const encoded = encodeURIComponent(secret);
const basic = Buffer.from(`user-one:${secret}`).toString('base64');

/** Gives back whatever it is given, in all the ways that it can. */
async function echo() {
	let effects = 0;
	return start((incoming, outgoing) => {
		const given = JSON.stringify([incoming.url, incoming.rawHeaders]);
		incoming.resume();
		const {authorization, cookie} = incoming.headers;
		const [, credentials = ''] = authorization?.split(' ') ?? [];
		const decoded = Buffer.from(credentials, 'base64')
			.toString('latin1')
			.replaceAll(/[^ -~]/g, '?');
		const pieces = [credentials, decoded.split(':')[1], cookie?.split('sid=')[1], incoming.url];
		outgoing.setHeader('retry-after', pieces.join(' '));
		outgoing.setHeader('idempotent-replayed', 'true');
		outgoing.writeHead(201).end(JSON.stringify({id: ++effects, title: given}));
	});
}

describe.each([
	['for people', []],
	['as JSON', ['--json']],
] as const)('%s, no secret is printed', (_, how) => {
	test.each<[string, string, readonly string[]]>([
		['a token', '', ['--header', `Authorization: Bearer ${secret}`]],
		['basic credentials', '', ['--header', `Authorization: Basic ${basic}`]],
		['a token without a scheme', '', ['--header', `Authorization: ${secret}`]],
		['an API key', '', ['--header', `X-Api-Key: ${secret}`]],
		['a header that nobody has heard of', '', ['--header', `X-Shop: ${secret}`]],
		['a cookie', '', ['--header', `Cookie: theme=dark; sid=${secret}`]],
		['the second caller', '', ['--headers-b', `Authorization: Bearer ${secret}`]],
		['a header of errors', '', ['--error-header', `X-Fault-Token: ${secret}`]],
		['the query', `?api_key=${encoded}`, []],
		['a query without names', `?${encoded}`, []],
		['the body', '', ['--body', JSON.stringify({card: {cvc: secret}, amount: 1})]],
		['a form', '', ['--body', `amount=1&password=${encoded}`]],
		['another body', '', ['--other-body', JSON.stringify({apiKey: secret})]],
		['a command that counts', '', ['--count', `echo 'no number' # ${secret}`]],
	])('%s', async (__, query, args) => {
		await using server = await echo();
		const {out, err} = await latchkey('probe', `${server.origin}/${query}`, ...args, ...how);
		const printed = out + err;
		expect(printed).not.toBe('');
		for (const hidden of [secret, encoded, basic, JSON.stringify(secret)]) expect(printed).not.toContain(hidden);
	});

	test('the user and the password of a URL', async () => {
		await using server = await echo();
		const {host} = new URL(server.origin);
		const {out, err} = await latchkey('probe', `http://user-one:${encoded}@${host}/`, ...how);
		for (const hidden of [secret, encoded, basic, 'user-one']) expect(out + err).not.toContain(hidden);
	});
});

test('a value that is a word of the report takes nothing away from it', async () => {
	await using server = await echo();
	const {out} = await latchkey('probe', server.origin, '--header', 'X-Mode: replay', '--json');
	expect(out).toContain('"check": "replay"');
});

test('what is no option is not repeated', async () => {
	const {status, out, err} = await latchkey('probe', 'http://localhost', `--token=${secret}`);
	expect(status).toBe(2);
	expect(err).toContain('--token');
	expect(out + err).not.toContain(secret);
});

test('a header that cannot be sent is named without its value', async () => {
	const {status, err} = await latchkey('probe', 'http://localhost', '--header', `Authorization: ${secret}\u0007`);
	expect(status).toBe(2);
	expect(err).toBe('the value of Authorization cannot be sent\n');
});

test('what a server says cannot steer the terminal', async () => {
	let effects = 0;
	await using server = await start((incoming, outgoing) => {
		incoming.resume();
		outgoing.writeHead(201, {'idempotent-replayed': 'true', 'retry-after': '\u009B2J'}).end(`{"id":${++effects}}`);
	});
	const {out} = await latchkey('probe', server.origin, '--json');
	expect(out.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
});
