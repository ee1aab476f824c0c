/** A process of the chain: publishes what the outbox holds. */
import {parent as parentOf} from './parts/child.ts';
import {cutter, kafkaAt} from './parts/broker.ts';
import {poolAt} from './parts/database.ts';

const parent = parentOf();
const {config} = parent;
const pool = poolAt(config.database);
const {socketFactory, loseAcknowledgement} = cutter();
const producer = kafkaAt(config.broker, socketFactory).producer();
await producer.connect();

let stopped = false;
const working = work();
parent.ready(async () => {
	stopped = true;
	await working;
	await producer.disconnect();
	await pool.end();
});

async function work(): Promise<void> {
	for (;;) {
		const {rows} = await pool.query<{id: string; number: number}>(
			'SELECT id, number FROM outbox WHERE published_at IS NULL ORDER BY number LIMIT 50',
		);
		for (const row of rows) await publish(row);
		if (rows.length > 0) continue;
		// What is there now was asked for before it stopped.
		if (stopped) return;
		await new Promise(resolve => {
			setTimeout(resolve, 20);
		});
	}
}

async function publish({id, number}: {readonly id: string; readonly number: number}): Promise<void> {
	if (await parent.meets(number, 'publishing not acknowledged')) loseAcknowledgement();
	const value = JSON.stringify({number});
	await producer.send({topic: config.topic, messages: [{key: String(number), value, headers: {'message-id': id}}]});
	await parent.dieOf(number, 'relay killed after publishing');
	await pool.query('UPDATE outbox SET published_at = now() WHERE id = $1', [id]);
}
