/**
 * What a guard costs: the same handler bare, under the guard on each store, and under other packages; and a transaction
 * of Postgres with and without its key. Runs the build: `npm run bench:server`, with `-- --quick` for a short run, and
 * `-- --group=Express` for one of the tables.
 */
import {mkdtemp, rm} from 'node:fs/promises';
import {cpus, tmpdir} from 'node:os';
import {join} from 'node:path';
import {parseArgs} from 'node:util';
import {somePostgres} from '../test/support/postgres-server.ts';
import {anyRedis} from '../test/support/redis-server.ts';
import {groups} from './server/candidates.ts';
import {aimsOf} from './server/aims.ts';
import {printCosts} from './server/print.ts';
import {costsOf, start, type Cost, type Kind, type RoundsPlan} from './server/rounds.ts';
import {printAim} from './table.ts';

const {quick, group: only} = parseArgs({
	options: {quick: {type: 'boolean', default: false}, group: {type: 'string'}},
}).values;
const planOf = (group: string, inFlight: number): RoundsPlan => {
	const awake = group.endsWith('in memory');
	// The memory of express-idempotency is looked through at each request: it is not to be full before it begins.
	const warmUp = group.startsWith('Express') ? 1_000 : awake ? 30_000 : 5_000;
	if (quick) return {rounds: 3, requests: 200, warmUp: 500, awake};
	return {rounds: 11, requests: awake && inFlight > 1 ? 1_000 : 400, warmUp, awake};
};

// Commits reach the disk, into files of the log that are there already, as on a server that has run for a while.
const durable = ['-c', 'fsync=on', '-c', 'min_wal_size=1GB'];
const [redis, postgres] = await Promise.all([anyRedis(), somePostgres(...durable)]);
// What removes Postgres does not hold the process.
const alive = setInterval(() => undefined, 1_000);
const folder = await mkdtemp(join(tmpdir(), 'latchkey-bench-'));

try {
	console.log(
		`\n${new Date().toISOString().slice(0, 10)}, Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}`,
	);
	const aims: ReturnType<typeof aimsOf> = [];
	for (const [group, candidates] of Object.entries(groups)) {
		if (only !== undefined && !group.startsWith(only)) continue;
		const running = [];
		const engines = {redis: redis.url, postgres: postgres.url, folder};
		for (const name of Object.keys(candidates)) running.push(await start(group, name, engines));
		const costs: Array<{inFlight: number; kind: Kind; costs: Cost[]}> = [];
		for (const inFlight of [1, 32]) {
			const {first, replay} = await costsOf(running, inFlight, planOf(group, inFlight));
			costs.push({inFlight, kind: 'first', costs: first}, {inFlight, kind: 'replay', costs: replay});
		}

		for (const one of running) one.close();
		console.log(`\n${group}\n`);
		printCosts(costs);
		aims.push(...aimsOf(group, costs));
	}

	console.log('\nAims, by the processor time of the server\n');
	for (const {what, figure, reached} of aims) printAim(what, figure, reached);
} finally {
	await rm(folder, {recursive: true});
	await redis.close();
	await postgres.remove();
	clearInterval(alive);
}
