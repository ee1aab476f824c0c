/** A process of the chain: publishes what the outbox holds. */
import {setTimeout as wait} from 'node:timers/promises';
import {postgresOutbox, type Publish} from '../../src/consumer/index.ts';
import {cutter, kafkaAt} from './parts/broker.ts';
import {parent as parentOf} from './parts/child.ts';
import {poolAt} from './parts/database.ts';

const parent = parentOf();
const {topic, ...config} = parent.config;
const pool = poolAt(config.database);
const {socketFactory, loseAcknowledgement} = cutter();
const producer = kafkaAt(config.broker, socketFactory).producer();
await producer.connect();

/** Sends messages, with what goes wrong about them. */
const publish: Publish = async messages => {
	const numbers = messages.map(({value}) => (JSON.parse(Buffer.from(value).toString()) as {number: number}).number);
	for (const number of numbers) if (await parent.meets(number, 'acknowledgement lost')) loseAcknowledgement();
	const toKafka = messages.map(({key, value, headers}) => ({key: key ?? null, value: Buffer.from(value), headers}));
	await producer.send({topic, messages: toKafka});
	for (const number of numbers) await parent.dieOf(number, 'relay killed before it marks');
};

const stop = new AbortController();
const working = config.keeping === 'nobody' ? relayByHand() : relay();
parent.ready(async () => {
	stop.abort();
	await working;
	await producer.disconnect();
	await pool.end();
});

async function relay(): Promise<void> {
	const outbox = postgresOutbox({database: pool});
	await outbox.setup();
	await outbox.relay(publish, {signal: stop.signal, idle: 20});
	while ((await outbox.publish(publish)) > 0);
}

/** As it is done without a library. */
async function relayByHand(): Promise<void> {
	for (let left = true; left || !stop.signal.aborted; left || (await wait(20))) {
		const due = 'SELECT id, number FROM outbox WHERE published_at IS NULL ORDER BY number LIMIT 100';
		const {rows} = await pool.query<{id: string; number: number}>(due);
		left = rows.length > 0;
		if (!left) continue;
		await publish(
			rows.map(({id, number}) => ({
				id,
				topic,
				key: String(number),
				headers: {'message-id': id},
				value: Buffer.from(JSON.stringify({number})),
			})),
		);
		await pool.query('UPDATE outbox SET published_at = now() WHERE id = ANY($1)', [rows.map(({id}) => id)]);
	}
}
