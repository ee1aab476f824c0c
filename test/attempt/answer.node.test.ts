import {expect, test} from 'vitest';
import {answerOf, responseOf} from '../../src/attempt/answer.ts';
import {gzip, startFaultyServer, stream} from '../support/faulty-server.ts';

const MIB = 1024 * 1024;

async function post(origin: string): Promise<Response> {
	return fetch(origin, {method: 'POST', body: '{}'});
}

test('a compressed answer is read decoded, and says still that it was compressed', async () => {
	await using server = await startFaultyServer(async () => Response.json({id: 7}));
	server.script([gzip]);
	const {answer} = await answerOf(await post(server.origin), true);
	expect(answer.headers.get('content-encoding')).toBe('gzip');
	expect(await responseOf(answer).json()).toEqual({id: 7});
});

test('an answer that is small on the wire and large when decoded passes as a stream, whole', async () => {
	const large = 'x'.repeat(3 * MIB);
	await using server = await startFaultyServer(async () => new Response(large));
	server.script([gzip]);
	const response = await post(server.origin);
	expect(Number(response.headers.get('content-length'))).toBeLessThan(MIB);
	const {answer, stream: passed} = await answerOf(response, true);
	expect(answer.body).toBeUndefined();
	expect(await passed?.text()).toBe(large);
});

test('a chunked answer above 1 MiB passes as a stream, whole', async () => {
	const pieces = Array.from({length: 30}, (_, index) => String(index % 10).repeat(100_000));
	await using server = await startFaultyServer(async () => new Response());
	server.script([stream('text/csv', pieces)]);
	const response = await post(server.origin);
	expect(response.headers.has('content-length')).toBe(false);
	const {stream: passed} = await answerOf(response, true);
	expect(passed?.url).toBe(`${server.origin}/`);
	expect(await passed?.text()).toBe(pieces.join(''));
});
