/** A process of the chain: ships what was ordered. */
import {parent as parentOf} from './parts/child.ts';
import {cutter, kafkaAt} from './parts/broker.ts';
import {poolAt} from './parts/database.ts';

const parent = parentOf();
const {config} = parent;
const pool = poolAt(config.database);
const {socketFactory, loseCommit} = cutter();
const consumer = kafkaAt(config.broker, socketFactory).consumer({
	groupId: `${config.topic}-shipping`,
	// The mock broker takes three seconds to let the first member in.
	sessionTimeout: 3_500,
	rebalanceTimeout: 6_000,
	heartbeatInterval: 300,
	maxWaitTimeInMs: 100,
});
await consumer.connect();
await consumer.subscribe({topic: config.topic, fromBeginning: true});
await consumer.run({
	autoCommitThreshold: 1,
	async eachMessage({message}) {
		const {number} = JSON.parse(String(message.value)) as {readonly number: number};
		parent.delivered();
		await pool.query('INSERT INTO shipments (number) VALUES ($1)', [number]);
		await parent.dieOf(number, 'consumer killed after its effect');
		if (await parent.meets(number, 'consumer fails after its effect')) throw new Error('something else has failed');
		if (await parent.meets(number, 'offset not committed')) loseCommit();
	},
});
parent.ready(async () => {
	await consumer.disconnect();
	await pool.end();
});
