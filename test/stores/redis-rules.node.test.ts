import * as fc from 'fast-check';
import {afterAll, beforeAll, expect, test} from 'vitest';
import type {OperationRecord} from '../../src/operation/record.ts';
import {memoryStoreIn} from '../../src/stores/memory.ts';
import {redisStore} from '../../src/stores/redis.ts';
import {anyRedis, type RedisEngine} from '../support/redis-server.ts';
import {anyStep} from './any-step.ts';
import {claimOf, ID} from './claim-of.ts';
import {agingOn} from './redis-aging.ts';
import {nodeRedis} from './redis-clients.ts';
import {recordsIn} from '../support/records.ts';

let engine: RedisEngine;
let connection: Awaited<ReturnType<typeof nodeRedis>>;
beforeAll(async () => {
	engine = await anyRedis();
	connection = await nodeRedis(engine.url);
});
afterAll(async () => {
	connection.close();
	await engine.close();
});

/** Real time passes between the two stores: leases that could end meanwhile tell nothing. */
const step = anyStep(60_000, 3_600_000);
const wait = fc.constantFrom(0, 0, 0, 120_000);

const times: ReadonlyArray<keyof OperationRecord> = [
	'createdAt',
	'updatedAt',
	'leaseUntil',
	'keyUntil',
	'keepUntil',
	'answerUntil',
];

type Told = {readonly record?: OperationRecord | undefined; readonly now?: number};

/** The same, with times that are as good as those of the other. */
function alike(found: Told, wanted: Told): object {
	const close = (a?: unknown, b?: unknown) => (Math.abs(Number(a) - Number(b)) < 5_000 ? b : a);
	const adjusted = times.map(time => [time, close(found.record?.[time], wanted.record?.[time])]);
	const record = found.record && {...found.record, ...Object.fromEntries(adjusted)};
	return {...found, now: close(found.now, wanted.now), record};
}

test('whatever is done in whatever order, it answers as the rules do in memory', async () => {
	const steps = fc.array(fc.record({wait, step}), {minLength: 2, maxLength: 12});
	await fc.assert(
		fc.asyncProperty(steps, async script => {
			const prefix = engine.freshPrefix();
			const aging = agingOn([engine.url], prefix);
			const redis = aging.seen(redisStore({client: connection.client, prefix}));
			let ahead = 0;
			const memory = memoryStoreIn({now: () => Date.now() + ahead});
			for (const {wait: ms, step: take} of script) {
				ahead += ms;
				if (ms > 0) await aging.elapse(ms);
				await memory.sweep();
				const [last] = await recordsIn(memory, ID.scope, ID.name);
				const [stored] = await recordsIn(redis, ID.scope, ID.name);
				expect(alike({record: stored}, {record: last})).toEqual(alike({record: last}, {record: last}));
				const wanted = (await take(memory, ID, last)) as Told;
				expect(alike((await take(redis, ID, last)) as Told, wanted)).toEqual(alike(wanted, wanted));
			}
		}),
		{numRuns: 400},
	);
}, 60_000);

test('a settled record has no owner, and who calls itself nobody is not it', async () => {
	const store = redisStore({client: connection.client, prefix: engine.freshPrefix()});
	await store.claim(ID, claimOf());
	const settlement = {key: 'key-1', token: 1, fenced: false, keepAnswer: false};
	await store.settle(ID, {...settlement, owner: 'ann', state: {status: 'succeeded'}});
	expect(await store.renew(ID, {...settlement, owner: '', lease: 1_000})).toMatchObject({status: 'lost'});
	const refused = await store.settle(ID, {...settlement, owner: '', state: {status: 'refused'}});
	expect(refused).toMatchObject({status: 'done', record: {state: {status: 'succeeded'}}});
});
