import {randomUUID} from 'node:crypto';
import {Kafka, logLevel, type Consumer as KafkaConsumer, type Producer} from 'kafkajs';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {
	headerId,
	kafkaEachBatch,
	kafkaEachMessage,
	onceOnly,
	type Consumer,
	type KafkaMessage,
	type TransactionOptions,
} from '../../src/consumer/index.ts';
import {startKafka, type KafkaBroker} from '../support/kafka-broker.ts';
import {sqlitePlace} from './inboxes.ts';
import type {DatabaseSync} from 'node:sqlite';

let broker: KafkaBroker;
let kafka: Kafka;
let producer: Producer;
const consumers: KafkaConsumer[] = [];

beforeAll(async () => {
	broker = await startKafka();
	kafka = new Kafka({
		brokers: [broker.address],
		logLevel: logLevel.NOTHING,
		retry: {initialRetryTime: 20, retries: 50},
	});
	producer = kafka.producer();
	await producer.connect();
});
afterAll(async () => {
	await Promise.all(consumers.map(async consumer => consumer.disconnect()));
	await producer.disconnect();
	await broker.close();
});

async function send(topic: string, ids: readonly string[], partition = 0) {
	const messages = ids.map(id => ({key: 'k', value: id, headers: {'message-id': id}, partition}));
	await producer.send({topic, messages});
}

/** A group, so that one consumer of it can follow another. */
async function run(groupId: string, topic: string, how: Parameters<KafkaConsumer['run']>[0]) {
	const consumer = kafka.consumer({
		groupId,
		heartbeatInterval: 200,
		// The broker's first rebalance takes three seconds, and a machine under load forgets to say that it is alive.
		sessionTimeout: 15_000,
		rebalanceTimeout: 15_000,
		maxWaitTimeInMs: 50,
	});
	consumers.push(consumer);
	await consumer.connect();
	await consumer.subscribe({topic, fromBeginning: true});
	await consumer.run({autoCommitThreshold: 1, ...how});
	return consumer;
}

function consumerOf(options: Partial<TransactionOptions<DatabaseSync, KafkaMessage>> = {}) {
	const place = sqlitePlace();
	const failing = new Set<string>();
	const deliveries: string[] = [];
	const consume: Consumer<KafkaMessage> = onceOnly(
		({tx, id}) => {
			deliveries.push(id);
			void place.write(tx, id);
			if (failing.has(id)) throw new Error(`cannot do ${id}`);
		},
		{transaction: place.inbox, consumer: 'x', id: headerId('message-id'), ...options},
	);
	return {...place, consume, failing, deliveries, names: async () => [randomUUID(), randomUUID()] as const};
}

const ways: ReadonlyArray<readonly [string, (consume: Consumer<KafkaMessage>) => Parameters<KafkaConsumer['run']>[0]]> =
	[
		['eachMessage', consume => ({eachMessage: kafkaEachMessage(consume, {stopFor: 300})})],
		['eachBatch', consume => kafkaEachBatch(consume, {size: 3, stopFor: 300})],
	];

describe.concurrent.each(ways)('%s', (_, how) => {
	test('what fails is delivered again, in its order, and each takes effect once', async ({expect}) => {
		const {consume, failing, written, names} = consumerOf({maxAttempts: 100});
		const [group, topic] = await names();
		failing.add('d');
		await send(topic, ['a', 'b', 'b', 'c', 'd', 'e', 'a', 'f']);
		await run(group, topic, how(consume));
		await expect.poll(written).toEqual(['a', 'b', 'c']);
		failing.clear();
		await expect.poll(written).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
	});

	test('what is not committed is delivered to the next consumer of the group', async ({expect}) => {
		const one = consumerOf({maxAttempts: 100});
		const [group, topic] = await one.names();
		one.failing.add('c');
		await send(topic, ['a', 'b', 'c', 'd']);
		const first = await run(group, topic, how(one.consume));
		await expect.poll(one.written).toEqual(['a', 'b']);
		await first.disconnect();
		const other = consumerOf();
		await run(group, topic, how(other.consume));
		// What was committed to the first alone is not delivered to the other: the broker knows that it is done.
		await expect.poll(other.written).toEqual(expect.arrayContaining(['c', 'd']));
		expect(other.deliveries.filter(id => id === 'c')).toHaveLength(1);
	});

	test('poison stops its partition, not the others, and goes on once it is skipped', async ({expect}) => {
		const {consume, failing, written, names} = consumerOf({maxAttempts: 2});
		const [group, topic] = await names();
		failing.add('bad');
		await send(topic, ['a', 'bad', 'b'], 0);
		await send(topic, ['c', 'd'], 1);
		await run(group, topic, how(consume));
		await expect.poll(async () => (await written()).toSorted()).toEqual(['a', 'c', 'd']);
		await send(topic, ['e'], 1);
		await expect.poll(async () => (await written()).toSorted()).toEqual(['a', 'c', 'd', 'e']);
		expect(await consume.skip('bad')).toBe(true);
		await expect.poll(async () => (await written()).toSorted()).toEqual(['a', 'b', 'c', 'd', 'e']);
	});
});

test('what is stopped in the middle of a batch is not resolved', async () => {
	const {consume, written} = consumerOf();
	const resolved: string[] = [];
	const {eachBatch, eachBatchAutoResolve} = kafkaEachBatch(consume, {size: 2});
	let rounds = 0;
	const record = (id: string) => ({key: null, value: null, offset: id, timestamp: '0', headers: {'message-id': id}});
	await eachBatch({
		batch: {topic: 't', partition: 0, messages: ['0', '1', '2', '3'].map(record)},
		resolveOffset: offset => void resolved.push(offset),
		heartbeat: async () => undefined,
		commitOffsetsIfNecessary: async () => undefined,
		pause: () => () => undefined,
		isRunning: () => rounds++ === 0,
		isStale: () => false,
	});
	expect([eachBatchAutoResolve, resolved, await written()]).toEqual([false, ['0', '1'], ['0', '1']]);
});
