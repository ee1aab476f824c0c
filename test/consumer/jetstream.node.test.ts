import {randomUUID} from 'node:crypto';
import type {DatabaseSync} from 'node:sqlite';
import {AckPolicy, jetstream, jetstreamManager, type ConsumerMessages} from '@nats-io/jetstream';
import {connect, headers, type NatsConnection} from '@nats-io/transport-node';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {
	headerId,
	jetStreamEach,
	onceOnly,
	PoisonMessageError,
	positionId,
	type Delivery,
	type JetStreamMessage,
	type Message,
} from '../../src/consumer/index.ts';
import {startNats, type NatsServer} from '../support/nats-server.ts';
import {sqlitePlace} from './inboxes.ts';

let server: NatsServer;
let connection: NatsConnection;
beforeAll(async () => {
	server = await startNats();
	connection = await connect({port: server.port});
});
afterAll(async () => {
	await connection.close();
	await server.close();
});

async function streamOf(id: (message: Message) => string | undefined = headerId('Message-Id'), maxAttempts = 100) {
	const name = randomUUID();
	const manager = await jetstreamManager(connection);
	await manager.streams.add({name, subjects: [`${name}.*`]});
	await manager.consumers.add(name, {
		durable_name: 'x',
		ack_policy: AckPolicy.Explicit,
		max_ack_pending: 1,
		ack_wait: 2e9,
	});
	const place = sqlitePlace();
	const failing = new Set<string>();
	const errors: unknown[] = [];
	const seen: JetStreamMessage[] = [];
	const consume = onceOnly(
		({tx, message}: Delivery<DatabaseSync, JetStreamMessage>) => {
			seen.push(message);
			const text = new TextDecoder().decode(message.value);
			void place.write(tx, text);
			if (failing.delete(text)) throw new Error(`cannot do ${text}`);
		},
		{transaction: place.inbox, consumer: 'x', id, maxAttempts},
	);
	const each = jetStreamEach(consume, {onError: error => errors.push(error), working: 200});
	const js = jetstream(connection);
	const publish = async (message: string, value = message) => {
		const own = headers();
		own.set('Message-Id', message);
		await js.publish(`${name}.k`, value, {headers: own});
	};
	const messages: ConsumerMessages = await (await js.consumers.get(name, 'x')).consume();
	const running = (async () => {
		for await (const message of messages) await each(message);
	})();
	const pending = async () => {
		const {num_pending, num_ack_pending} = await manager.consumers.info(name, 'x');
		return num_pending + num_ack_pending;
	};
	return {...place, name, failing, errors, seen, publish, running, pending, close: async () => messages.close()};
}

test('what fails is delivered again, in its order, and each takes effect once', async () => {
	const {publish, failing, written, errors, pending, seen, name, close, running} = await streamOf();
	failing.add('b');
	for (const id of ['a', 'b', 'a', 'c']) await publish(id);
	await expect.poll(written).toEqual(['a', 'b', 'c']);
	await expect.poll(pending).toBe(0);
	expect(errors).toEqual([new Error('cannot do b')]);
	expect(seen[0]).toMatchObject({topic: name, subject: `${name}.k`, offset: 1});
	await close();
	await running;
});

test('poison ends the consumer, and is not acknowledged', async () => {
	const {publish, failing, written, pending, running, close} = await streamOf(headerId('message-id'), 1);
	failing.add('b');
	// Listened to from the start: it may end before all is published.
	const ended = running.catch((error: unknown) => error);
	for (const id of ['a', 'b', 'c']) await publish(id);
	expect(await ended).toBeInstanceOf(PoisonMessageError);
	expect(await written()).toEqual(['a']);
	expect(await pending()).toBe(2);
	await close();
});

test('a position tells redeliveries, and not what was published twice', async () => {
	const {publish, written, close, running} = await streamOf(positionId);
	for (const id of ['a', 'a']) await publish(id);
	await expect.poll(written).toEqual(['a', 'a']);
	await close();
	await running;
});
