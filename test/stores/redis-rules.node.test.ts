import * as fc from 'fast-check';
import {afterAll, beforeAll, expect, test} from 'vitest';
import type {OperationRecord} from '../../src/operation/record.ts';
import type {State} from '../../src/operation/state.ts';
import {memoryStoreIn} from '../../src/stores/memory.ts';
import {redisStore} from '../../src/stores/redis.ts';
import type {Store} from '../../src/stores/store.ts';
import {anyRedis, type RedisEngine} from '../support/redis-server.ts';
import {claimOf, ID} from './claim-of.ts';
import {agingOn} from './redis-aging.ts';
import {nodeRedis} from './redis-clients.ts';

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

const answer = {status: 200, statusText: 'OK', headers: [], body: new Uint8Array([0, 255]), url: 'https://api.test/'};
const request = {method: 'POST', url: 'https://api.test/', body: new Uint8Array([1])};
const states: State[] = [
	{status: 'sending'},
	{status: 'succeeded', httpStatus: 201},
	{status: 'succeeded'},
	{status: 'refused', httpStatus: 402},
	{status: 'mismatched', httpStatus: 422},
	{status: 'unknown'},
	{status: 'unknown', final: true},
];

const owner = fc.constantFrom('ann', 'ann', 'bob', '');
const key = fc.constantFrom('key-1', 'key-1', 'key-2');
const lease = fc.record({key, owner, token: fc.constantFrom(1, 1, 2)});

type Step = (store: Store) => unknown;
const step: fc.Arbitrary<Step | 'elapse'> = fc.oneof(
	fc
		.record({
			key,
			owner,
			fingerprint: fc.constantFrom('print-1', 'print-1', 'print-2'),
			lease: fc.constantFrom(60_000, 3_600_000),
			keyLife: fc.constant(86_400_000),
			onLapsed: fc.constantFrom('take' as const, 'report' as const),
			takeFrom: fc.constantFrom(undefined, 'ann'),
			awaited: fc.constantFrom(undefined, undefined, 'key-1'),
			previousKey: fc.constantFrom(undefined, undefined, null, 'key-1'),
			request: fc.constantFrom(undefined, request),
		})
		.map(
			(claim): Step =>
				store =>
					store.claim(ID, claim),
		),
	fc.tuple(lease, fc.constant(60_000)).map(
		([held, ms]): Step =>
			store =>
				store.renew(ID, {...held, lease: ms}),
	),
	fc
		.record({
			state: fc.constantFrom(...states),
			fenced: fc.boolean(),
			keepAnswer: fc.boolean(),
			answer: fc.constantFrom(undefined, answer),
		})
		.chain(facts =>
			lease.map(
				(held): Step =>
					store =>
						store.settle(ID, {...held, ...facts}),
			),
		),
	fc.record({key, how: fc.constantFrom('complete' as const, 'forget' as const, 'force' as const)}).map(
		(freeing): Step =>
			store =>
				store.forget(ID, freeing),
	),
	fc.constant<Step>(store => store.list(ID.scope)),
	fc.constant('elapse' as const),
);

const times: ReadonlyArray<keyof OperationRecord> = [
	'createdAt',
	'updatedAt',
	'leaseUntil',
	'keyUntil',
	'keepUntil',
	'answerUntil',
];

type Told = {readonly record?: OperationRecord; readonly now?: number};

/** The same, with times that are as good as those of the other. */
function alike(found: Told, wanted: Told): object {
	const close = (a?: unknown, b?: unknown) => (Math.abs(Number(a) - Number(b)) < 5_000 ? b : a);
	const adjusted = times.map(time => [time, close(found.record?.[time], wanted.record?.[time])]);
	const record = found.record && {...found.record, ...Object.fromEntries(adjusted)};
	return {...found, now: close(found.now, wanted.now), record};
}

async function told(step: Step, store: Store): Promise<Told> {
	const result = await step(store);
	return Array.isArray(result) ? {record: result[0]} : (result as Told);
}

test('whatever is done in whatever order, it answers as the rules do in memory', async () => {
	await fc.assert(
		fc.asyncProperty(fc.array(step, {minLength: 2, maxLength: 12}), async steps => {
			const prefix = engine.freshPrefix();
			const aging = agingOn([engine.url], prefix);
			const redis = aging.seen(redisStore({client: connection.client, prefix}));
			let ahead = 0;
			const memory = memoryStoreIn({now: () => Date.now() + ahead});
			for (const each of steps) {
				if (each === 'elapse') {
					ahead += 120_000;
					await aging.elapse(120_000);
					await memory.sweep();
					continue;
				}

				const wanted = await told(each, memory);
				expect(alike(await told(each, redis), wanted)).toEqual(alike(wanted, wanted));
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
