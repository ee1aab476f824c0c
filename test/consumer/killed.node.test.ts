import {spawn, type ChildProcess} from 'node:child_process';
import {randomUUID} from 'node:crypto';
import {once} from 'node:events';
import {fileURLToPath} from 'node:url';
import {Kafka, logLevel} from 'kafkajs';
import type {Pool} from 'pg';
import {afterAll, beforeAll, test} from 'vitest';
import {postgresInbox} from '../../src/consumer/index.ts';
import {projectFolder} from '../stores/sqlite-folder.ts';
import {openPool, someTable} from '../stores/postgres-pool.ts';
import {startKafka, type KafkaBroker} from '../support/kafka-broker.ts';
import {somePostgres} from '../support/postgres-server.ts';
import {randomFrom} from '../support/random-from.ts';

const KEYS = 20;
const OF_KEY = 30;
const KILLS = 3;

let broker: KafkaBroker;
let server: Awaited<ReturnType<typeof somePostgres>>;
let pool: Pool;
const children: ChildProcess[] = [];
beforeAll(async () => {
	[broker, server] = await Promise.all([startKafka(), somePostgres()]);
	pool = openPool(server.url, {max: 4});
}, 60_000);
afterAll(async () => {
	for (const child of children) child.kill('SIGKILL');
	await pool.end();
	await Promise.all([broker.close(), server.remove()]);
});

/** Each key's numbers in their order, every tenth message produced twice. */
function messages(random: () => number) {
	const counts = Array.from({length: KEYS}, () => 0);
	const all: Array<{key: string; value: string; headers: {'message-id': string}}> = [];
	while (all.length < KEYS * OF_KEY) {
		const key = Math.floor(random() * KEYS);
		const count = counts[key] ?? OF_KEY;
		if (count === OF_KEY) continue;
		counts[key] = count + 1;
		all.push({key: `k${key}`, value: String(count), headers: {'message-id': `k${key}/${count}`}});
	}

	return all.flatMap(message => (random() < 0.1 ? [message, message] : [message]));
}

test.for(['messages', 'batches'])(
	'consumers of %s that are killed lose none, double none, and keep the order of a key',
	{timeout: 180_000},
	async (way, {expect, onTestFinished}) => {
		const random = randomFrom(way.length);
		const [table, effects, topic, group] = [someTable(), someTable(), randomUUID(), randomUUID()];
		await postgresInbox({database: pool, table}).setup();
		await pool.query(`CREATE TABLE ${effects} (place bigserial, message_id text, key text, number integer)`);

		const kafka = new Kafka({brokers: [broker.address], logLevel: logLevel.NOTHING});
		const producer = kafka.producer();
		await producer.connect();
		await producer.send({topic, messages: messages(random)});
		await producer.disconnect();

		const args = [broker.address, group, topic, server.url, table, effects, way];
		const running = new Set<ChildProcess>();
		onTestFinished(() => running.clear());
		const start = () => {
			const script = fileURLToPath(new URL('worker.ts', import.meta.url));
			const child = spawn(process.execPath, ['--conditions=latchkey-source', script, ...args], {
				cwd: projectFolder,
				stdio: 'ignore',
			});
			children.push(child);
			running.add(child);
			// What ends by itself is started again, as any supervisor does.
			child.once('exit', () => {
				if (running.delete(child)) start();
			});
		};
		const kill = async (child: ChildProcess | undefined) => {
			if (child === undefined || !running.delete(child)) return;
			const ended = once(child, 'exit');
			child.kill('SIGKILL');
			await ended;
		};
		const done = async () => {
			const {rows} = await pool.query<{done: number}>(`SELECT count(*)::int AS done FROM ${effects}`);
			return rows[0]?.done ?? 0;
		};

		start();
		start();
		for (let killed = 0; killed < KILLS; killed++) {
			// Somewhere in the next effects, whoever has them, and at a moment of its own.
			const until = Math.min((await done()) + 1 + random() * 60, KEYS * OF_KEY);
			await expect.poll(done, {interval: 5, timeout: 60_000}).toBeGreaterThanOrEqual(Math.floor(until));
			const victim = [...running][Math.floor(random() * running.size)];
			start();
			await kill(victim);
		}

		await expect.poll(done, {timeout: 90_000}).toBeGreaterThanOrEqual(KEYS * OF_KEY);
		// Whoever is left has read all that there is to read.
		await expect.poll(async () => lagOf(kafka, group, topic), {timeout: 60_000}).toBe(0);
		await Promise.all([...running].map(kill));

		const {rows} = await pool.query<{key: string; numbers: number[]}>(
			`SELECT key, array_agg(number ORDER BY place) AS numbers FROM ${effects} GROUP BY key`,
		);
		const inOrder = Array.from({length: OF_KEY}, (_, i) => i);
		const expected = Array.from({length: KEYS}, (_, key) => [`k${key}`, inOrder]);
		expect(Object.fromEntries(rows.map(({key, numbers}) => [key, numbers]))).toEqual(Object.fromEntries(expected));
	},
);

async function lagOf(kafka: Kafka, groupId: string, topic: string): Promise<number> {
	const admin = kafka.admin();
	await admin.connect();
	try {
		const [ends, [committed]] = await Promise.all([
			admin.fetchTopicOffsets(topic),
			admin.fetchOffsets({groupId, topics: [topic]}),
		]);
		const at = new Map(committed?.partitions.map(({partition, offset}) => [partition, Math.max(Number(offset), 0)]));
		return ends.reduce((lag, {partition, high}) => lag + Number(high) - (at.get(partition) ?? 0), 0);
	} finally {
		await admin.disconnect();
	}
}
