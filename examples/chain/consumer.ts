/** A process of the chain: ships what was ordered. */
import type {PoolClient} from 'pg';
import {headerId, onceOnly, postgresInbox, type Message} from '../../src/consumer/index.ts';
import {cutter, kafkaAt} from './parts/broker.ts';
import {parent as parentOf} from './parts/child.ts';
import {poolAt} from './parts/database.ts';

const parent = parentOf();
const {topic, ...config} = parent.config;
const pool = poolAt(config.database);
const {socketFactory, loseCommit} = cutter();
const consumer = kafkaAt(config.broker, socketFactory).consumer({
	groupId: `${topic}-shipping`,
	// The mock broker takes three seconds to let the first member in.
	sessionTimeout: 3_500,
	rebalanceTimeout: 6_000,
	heartbeatInterval: 300,
	maxWaitTimeInMs: 100,
});

const numberOf = ({value}: Message) => (JSON.parse(String(value)) as {readonly number: number}).number;

async function ship(on: Pick<PoolClient, 'query'>, message: Message): Promise<void> {
	await on.query('INSERT INTO shipments (number) VALUES ($1)', [numberOf(message)]);
	await parent.dieOf(numberOf(message), 'consumer killed before its commit');
}

async function onceOnlyConsumer(): Promise<(message: Message) => Promise<unknown>> {
	const inbox = postgresInbox<PoolClient>({database: pool});
	await inbox.setup();
	return onceOnly(async ({tx, message}) => ship(tx, message), {
		transaction: inbox,
		consumer: 'shipping',
		id: headerId('message-id'),
	});
}

const consume =
	config.keeping === 'nobody' ? async (message: Message) => ship(pool, message) : await onceOnlyConsumer();

await consumer.connect();
await consumer.subscribe({topic, fromBeginning: true});
await consumer.run({
	autoCommitThreshold: 1,
	async eachMessage({message, partition}) {
		const number = numberOf(message);
		parent.delivered();
		await consume({...message, topic, partition});
		await parent.dieOf(number, 'consumer killed after its commit');
		if (await parent.meets(number, 'consumer fails after its commit')) throw new Error('something else has failed');
		if (await parent.meets(number, 'commit of offset lost')) loseCommit();
	},
});
parent.ready(async () => {
	await consumer.disconnect();
	await pool.end();
});
