/** A consumer of its own process, which is killed at any moment. Arguments: broker, group, topic, Postgres, inbox, effects, way. */
import {Kafka, logLevel} from 'kafkajs';
import {Pool} from 'pg';
import {
	headerId,
	kafkaEachBatch,
	kafkaEachMessage,
	onceOnly,
	postgresInbox,
	type Consumer,
	type KafkaMessage,
} from '../../src/consumer/index.ts';

const [broker = '', groupId = '', topic = '', connectionString = '', table = '', effects = '', way = ''] =
	process.argv.slice(2);
const pool = new Pool({connectionString, max: 4});
pool.on('error', () => undefined);

const consume: Consumer<KafkaMessage> = onceOnly(
	async ({tx, id, message}) => {
		const value = String(message.value);
		await tx.query(`INSERT INTO ${effects} (message_id, key, number) VALUES ($1, $2, $3)`, [
			id,
			String(message.key),
			Number(value),
		]);
	},
	{
		transaction: postgresInbox({database: pool, table}),
		consumer: 'worker',
		id: headerId('message-id'),
		maxAttempts: 1_000,
	},
);

const kafka = new Kafka({brokers: [broker], logLevel: logLevel.NOTHING, retry: {initialRetryTime: 20, retries: 100}});
const consumer = kafka.consumer({
	groupId,
	// The broker's first rebalance takes three seconds.
	sessionTimeout: 4_000,
	heartbeatInterval: 200,
	rebalanceTimeout: 4_000,
	maxWaitTimeInMs: 50,
});
// Kafkajs stops for good of an answer that it takes for the client's fault, as the mock broker gives one (INVALID_REQUEST) when
// the leader of a group dies between joining and syncing.
consumer.on('consumer.crash', ({payload}) => {
	if (!payload.restart) process.exit(1);
});
await consumer.connect();
await consumer.subscribe({topic, fromBeginning: true});
const options = way === 'batches' ? kafkaEachBatch(consume, {size: 10}) : {eachMessage: kafkaEachMessage(consume)};
await consumer.run({...options, autoCommitThreshold: 17, partitionsConsumedConcurrently: 4});
