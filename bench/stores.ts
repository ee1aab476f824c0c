/**
 * What a claim and a settle cost in each store, beside the same two writes made by hand; and how a claim fares among
 * many records. Runs the build: `npm run bench:stores`, with `-- --quick` for a short run and fewer records.
 */
import {parseArgs} from 'node:util';
import {somePostgres} from '../test/support/postgres-server.ts';
import {anyRedis} from '../test/support/redis-server.ts';
import {grow, type GrownPlan} from './stores/grown.ts';
import {memorySubject} from './stores/memory.ts';
import {postgresSubject, preparedPostgresSubject} from './stores/postgres.ts';
import {printGrown, printRates, printRow} from './stores/print.ts';
import {rateOf, type RatePlan} from './stores/rate.ts';
import {ioRedisSubject, nodeRedisSubject} from './stores/redis.ts';
import {sqliteSubject} from './stores/sqlite.ts';
import {printAim} from './table.ts';

const {quick} = parseArgs({options: {quick: {type: 'boolean', default: false}}}).values;
const plan: RatePlan = quick ? {rounds: 5, calls: 200} : {rounds: 11, calls: 500};
const many: GrownPlan = {records: quick ? 100_000 : 1_000_000, expired: 100_000, claims: 300};

// Commits reach the disk, into files of the log that are there already, as on a server that has run for a while.
const durable = ['-c', 'fsync=on', '-c', 'min_wal_size=1GB'];
const [redis, postgres] = await Promise.all([anyRedis(), somePostgres(...durable)]);
const memory = await memorySubject();
const subjects = [
	await sqliteSubject(),
	await nodeRedisSubject(redis.url),
	await ioRedisSubject(redis.url),
	await postgresSubject(postgres.url),
	await preparedPostgresSubject(postgres.url),
];

try {
	console.log('\nA claim and a settle, beside two writes by hand with the same client and durability\n');
	printRow(['', 'in flight', 'operations', 'p50', 'p99', 'by hand', 'ratio', 'to scripts']);
	// Without an engine there is no floor to speak of: microseconds, beside those of a Map.
	printRates(memory.name, [await rateOf(memory, 1, plan), await rateOf(memory, 32, plan)]);
	const aims: Array<readonly [string, number]> = [];
	for (const subject of subjects) {
		const rates = [await rateOf(subject, 1, plan), await rateOf(subject, 32, plan)];
		printRates(subject.name, rates);
		for (const {inFlight, ratio} of rates) aims.push([`${subject.name}, ${inFlight} in flight`, ratio]);
	}

	const [records, expired] = [many.records, many.expired].map(count => count.toLocaleString('en'));
	console.log(`\nA claim in an empty store, beside ${records} records, and while ${expired} of them are swept away\n`);
	printRow(['', 'empty', 'full', 'longest', 'swept in']);
	const grown = [];
	for (const subject of subjects) {
		if (subject.growth === undefined) continue;
		const one = await grow(subject, subject.growth, many);
		printGrown(one);
		grown.push(one);
	}

	console.log('\nAims\n');
	for (const [what, ratio] of aims) printAim(`${what}: at most 1.3 of two writes`, ratio.toFixed(2), ratio <= 1.3);
	for (const {name, longest} of grown)
		printAim(`${name}, claims during a sweep: at most 50 ms`, `${longest.toFixed(1)} ms`, longest <= 50);
} finally {
	for (const subject of subjects) await subject.close();
	await redis.close();
	await postgres.remove();
}
