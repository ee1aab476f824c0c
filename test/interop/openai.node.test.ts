import OpenAI, {APIConnectionError, type ClientOptions} from 'openai';
import {expect, test} from 'vitest';
import {answerBefore, dropResponse, startFaultyServer, stream} from '../support/faulty-server.ts';
import {startIdempotentServer} from '../support/idempotent-server.ts';
import {ourFetch} from './interop.ts';

/** The SDK of an API that takes keys: generated clients set this field. */
class KeyedClient extends OpenAI {
	protected override idempotencyHeader = 'Idempotency-Key';
}

const resolver = () => Response.json({id: 'chatcmpl-1', object: 'chat.completion', choices: []});
const completion = {model: 'gpt', messages: [{role: 'user' as const, content: 'Hello'}]};

function options(origin: string): ClientOptions {
	return {apiKey: 'sk-1', baseURL: origin, maxRetries: 0, fetch: ourFetch()};
}

test('the key that the SDK was given is kept after a lost answer', async () => {
	await using server = await startIdempotentServer({resolver});
	server.script([dropResponse, answerBefore(500)]);
	const client = new KeyedClient(options(server.origin));
	const answer = await client.chat.completions.create(completion, {idempotencyKey: 'chat-42'});
	expect(answer.id).toBe('chatcmpl-1');
	expect(server.requests.map(({headers}) => headers['idempotency-key'])).toEqual(Array(3).fill('chat-42'));
	expect([...server.effects]).toEqual([['chat-42', 1]]);
});

test('the key that the SDK makes itself is kept, and every call has its own', async () => {
	await using server = await startIdempotentServer({resolver});
	server.script([dropResponse]);
	const client = new KeyedClient(options(server.origin));
	await client.chat.completions.create(completion);
	await client.chat.completions.create(completion);
	const [one, again, two] = server.requests.map(({headers}) => headers['idempotency-key']);
	expect(one).toMatch(/retry/);
	expect(again).toBe(one);
	expect(two).not.toBe(one);
	expect(server.requests).toHaveLength(3);
});

test('a stream of events passes as it comes', async () => {
	await using server = await startIdempotentServer({resolver});
	const event = `data: ${JSON.stringify({id: 'c', choices: [{index: 0, delta: {content: 'Hi'}}]})}\n\n`;
	server.script([stream('text/event-stream', [event, event, 'data: [DONE]\n\n'])]);
	const chunks = await new KeyedClient(options(server.origin)).chat.completions.create({...completion, stream: true});
	let text = '';
	for await (const {choices} of chunks) text += choices[0]?.delta.content ?? '';
	expect(text).toBe('HiHi');
});

test('a call without a key passes untouched, and is not retried', async () => {
	await using server = await startFaultyServer(async () => resolver());
	server.script([dropResponse]);
	const client = new OpenAI(options(server.origin));
	await expect(client.chat.completions.create(completion)).rejects.toBeInstanceOf(APIConnectionError);
	expect((await client.chat.completions.create(completion)).id).toBe('chatcmpl-1');
	expect(server.requests.map(({headers}) => headers['idempotency-key'])).toEqual([undefined, undefined]);
});
