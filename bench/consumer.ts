/** Messages per second of a consumer on Postgres, beside the same effects without an inbox in the same transactions. */
import {randomUUID} from 'node:crypto';
import {parseArgs} from 'node:util';
import {headerId, onceOnly, postgresInbox, type Message} from 'latchkey/consumer';
import {Pool} from 'pg';
import {somePostgres} from '../test/support/postgres-server.ts';
import {median} from './median.ts';
import {printAim} from './table.ts';

const {quick} = parseArgs({options: {quick: {type: 'boolean', default: false}}}).values;
const [rounds, count, size] = quick ? [5, 500, 100] : [40, 500, 100];

// Commits reach the disk, into files of the log that are there already, as on a server that has run for a while.
const postgres = await somePostgres('-c', 'fsync=on', '-c', 'min_wal_size=1GB');
const pool = new Pool({connectionString: postgres.url, idleTimeoutMillis: 0, max: 8});
pool.on('error', () => undefined);
const name = `bench_${randomUUID().slice(0, 8)}`;

type Way = {readonly title: string; readonly run: (ids: readonly string[]) => Promise<void>};

const messageOf = (id: string): Message => ({headers: {'message-id': id}, value: `{"bill":"${id}"}`});
const effect = `INSERT INTO ${name}_effects (id, bill) VALUES ($1, $2)`;

// What is left at the end is nothing that a process waits for.
const alive = setInterval(() => undefined, 1_000);

try {
	await pool.query(`CREATE TABLE ${name}_effects (id text PRIMARY KEY, bill text NOT NULL)`);
	const inbox = postgresInbox({database: pool, table: `${name}_inbox`});
	await inbox.setup();
	const consume = onceOnly(async ({tx, id, message}) => void (await tx.query(effect, [id, message.value])), {
		transaction: inbox,
		consumer: 'bench',
		id: headerId('message-id'),
	});

	async function bare(ids: readonly string[]): Promise<void> {
		const client = await pool.connect();
		await client.query('BEGIN');
		for (const id of ids) await client.query(effect, [id, messageOf(id).value]);
		await client.query('COMMIT');
		client.release();
	}

	/** As a partition is: one after another. */
	async function inTurn(ids: readonly string[], each: number, run: (part: readonly string[]) => Promise<unknown>) {
		for (let at = 0; at < ids.length; at += each) await run(ids.slice(at, at + each));
	}

	const oneByOne: readonly Way[] = [
		{title: 'one by one, bare', run: async ids => inTurn(ids, 1, bare)},
		{title: 'one by one, once only', run: async ids => inTurn(ids, 1, async ([id = '']) => consume(messageOf(id)))},
	];
	const inBatches: readonly Way[] = [
		{title: `in batches of ${size}, bare`, run: async ids => inTurn(ids, size, bare)},
		{
			title: `in batches of ${size}, once only`,
			run: async ids => inTurn(ids, size, async part => consume.batch(part.map(messageOf))),
		},
	];

	const aims: Array<readonly [string, number, number]> = [];
	console.log(`\nMessages per second, ${count} a round, medians of ${rounds} rounds\n`);
	for (const [ways, aim] of [
		[oneByOne, 0.6],
		[inBatches, 0.7],
	] as const) {
		const rates = ways.map((): number[] => []);
		for (let round = -1; round < rounds; round++)
			// In turns: what else the machine does meets both alike.
			for (const [i, {run}] of round % 2 === 0 ? [...ways.entries()] : [...ways.entries()].toReversed()) {
				const ids = Array.from({length: count}, () => randomUUID());
				const begin = performance.now();
				await run(ids);
				// The first round only warms up.
				if (round >= 0) rates[i]?.push((count / (performance.now() - begin)) * 1_000);
			}

		const [base = [], own = []] = rates;
		for (const [i, {title}] of ways.entries())
			console.log(
				title.padEnd(34) +
					Math.round(median(rates[i] ?? []))
						.toLocaleString('en')
						.padStart(8),
			);
		aims.push([ways[1]?.title ?? '', median(own.map((rate, round) => rate / (base[round] ?? NaN))), aim]);
	}

	console.log('\nAims\n');
	for (const [title, ratio, aim] of aims) printAim(`${title}: at least ${aim} of bare`, ratio.toFixed(2), ratio >= aim);
} finally {
	await pool.query(`DROP TABLE IF EXISTS ${name}_effects, ${name}_inbox`);
	await pool.end();
	await postgres.remove();
	clearInterval(alive);
}
