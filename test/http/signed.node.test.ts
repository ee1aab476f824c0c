import {createHmac} from 'node:crypto';
import {expect, test} from 'vitest';
import type {AttemptFacts} from '../../src/index.ts';
import {dropResponse} from '../support/faulty-server.ts';
import {startIdempotentServer} from '../support/idempotent-server.ts';
import {realm} from './realm.ts';

function form(): FormData {
	const data = new FormData();
	data.set('name', 'Grüße');
	data.set('file', new File(['%PDF'], 'a.pdf', {type: 'application/pdf', lastModified: 1}));
	return data;
}

const sign = (attempt: unknown, bytes: ArrayBuffer | Uint8Array) =>
	createHmac('sha256', `secret ${String(attempt)}`)
		.update(new Uint8Array(bytes))
		.digest('hex');

async function attemptHeaders({body, attempt, url, method, key}: AttemptFacts): Promise<HeadersInit> {
	const bytes = await new Response(body).arrayBuffer();
	return {'x-attempt': String(attempt), 'x-target': `${method} ${url} ${key}`, 'x-signature': sign(attempt, bytes)};
}

const bodies: Array<[string, () => BodyInit | null]> = [
	['text', () => 'Grüße'],
	['bytes', () => Uint8Array.of(0, 255)],
	['a Blob', () => new Blob(['Grüße'])],
	['a form', form],
	['parameters', () => new URLSearchParams({a: '1 2'})],
	['a stream', () => new Blob(['Grüße']).stream()],
	['nothing', () => null],
];
const ways: Array<[string, (url: string, init: RequestInit) => [RequestInfo, RequestInit?]]> = [
	['of a call', (url, init) => [url, init]],
	['of a Request', (url, init) => [new Request(url, {...init, duplex: 'half'} as RequestInit)]],
];
const rows = bodies.flatMap(([what, make]) => ways.map(([way, call]) => ({what, make, way, call})));

test.each(rows)('$what $way can be signed for each attempt, as it is on the wire', async ({make, call}) => {
	await using server = await startIdempotentServer();
	server.script([dropResponse]);
	const url = `${server.origin}/pay`;
	const [input, init] = call(url, {method: 'POST', body: make()});
	await realm({attemptHeaders}).fetch(input, {...init, operation: 'pay'});

	for (const [index, {headers, body}] of server.requests.entries())
		expect(headers).toMatchObject({
			'x-attempt': String(index + 1),
			'x-target': `POST ${url} ${String(headers['idempotency-key'])}`,
			'x-signature': sign(index + 1, body),
		});
	expect(server.requests).toHaveLength(2);
	expect([...server.effects.values()]).toEqual([1]);
});
