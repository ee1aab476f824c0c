import {once} from 'node:events';
import {appendFileSync, readFileSync, writeFileSync} from 'node:fs';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {idempotent} from '../../src/server/guard.ts';
import type {GuardOptions} from '../../src/server/options.ts';
import {temporaryFolder} from '../stores/sqlite-folder.ts';
import {enginesIn, processOn, type Engine} from './engines.ts';
import {codeOf, payment} from './shop.ts';

const {freshFile} = temporaryFolder();

/** Where in a payment its process is killed. */
type Moment = 'before its effect' | 'as its effect begins' | 'after its effect' | 'after its answer was kept';

/** A process that is killed in the middle of a payment under that key. */
async function killedAt(engine: Engine, when: Moment, key: string, effects: string, policy: object): Promise<void> {
	const child = processOn(
		engine,
		`
		const die = when => when === ${JSON.stringify(when)} && process.kill(process.pid, 'SIGKILL');
		const mortal = {...store, answer: async (...step) => {
			await store.answer(...step);
			die('after its answer was kept');
		}};
		const guard = idempotent(async (_, operation) => {
			die('before its effect');
			await operation.effect(() => {
				die('as its effect begins');
				appendFileSync(${JSON.stringify(effects)}, 'x');
			});
			die('after its effect');
			return new Response('first', {status: 201});
		}, {store: mortal, scope: null, ...${JSON.stringify(policy)}});
		const headers = {'content-type': 'application/json', 'idempotency-key': ${JSON.stringify(key)}};
		await guard(new Request('https://shop.test/pay', {method: 'POST', body: '{"amount":1}', headers}));
		`,
	);
	const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
	expect(signal).toBe('SIGKILL');
}

type Policy = Partial<Pick<GuardOptions, 'effects' | 'onLapsed' | 'reconcile'>>;

const inDoubt = [409, 'idempotency-outcome-unknown'] as const;
const again = [200, 'again'] as const;
const found = [200, 'found'] as const;

const kills: ReadonlyArray<readonly [Moment, string, Policy, told: readonly [number, string], effects: number]> = [
	['before its effect', 'in doubt', {}, inDoubt, 0],
	['after its effect', 'in doubt', {}, inDoubt, 1],
	['before its effect', 'free where effects are marked', {effects: 'marked'}, again, 1],
	['as its effect begins', 'in doubt where effects are marked', {effects: 'marked'}, inDoubt, 0],
	['after its effect', 'in doubt where effects are marked', {effects: 'marked'}, inDoubt, 1],
	['after its effect', 'run again where that is the policy', {onLapsed: 'reexecute'}, again, 2],
	['after its effect', 'found out', {reconcile: () => new Response('found')}, found, 1],
	['before its effect', 'found out to be undone', {reconcile: () => 'undone'}, again, 1],
	[
		'as its effect begins',
		'found out, where effects are marked',
		{effects: 'marked', reconcile: () => 'undone'},
		again,
		1,
	],
	['after its answer was kept', 'answered', {}, [201, 'first'], 1],
	['after its answer was kept', 'answered, whatever the policy', {onLapsed: 'reexecute'}, [201, 'first'], 1],
];

describe.each(enginesIn(freshFile).filter(([name]) => name !== 'memory'))('with entries on %s', (_, open) => {
	let engine: Engine;
	beforeAll(async () => {
		engine = await open();
	});
	afterAll(async () => engine.close());

	test.each(kills)('what is killed %s is %s', async (when, _title, policy, [status, word], total) => {
		const [key, effects] = [crypto.randomUUID(), freshFile()];
		writeFileSync(effects, '');
		await killedAt(engine, when, key, effects, policy);
		const guard = idempotent(
			async (_request, operation) => {
				await operation.effect(() => {
					appendFileSync(effects, 'x');
				});
				return new Response('again');
			},
			{store: engine.store, scope: null, ...policy},
		);
		const ask = async () => {
			const response = await guard(payment({key}));
			return [response.status, response.status === 409 ? await codeOf(response) : await response.text()];
		};
		const atOnce = when === 'after its answer was kept' ? [status, word] : [409, 'idempotency-key-in-progress'];
		expect(await ask()).toEqual(atOnce);
		await engine.elapse(10_000);
		expect(await ask()).toEqual([status, word]);
		expect(await ask()).toEqual([status, word]);
		expect(readFileSync(effects, 'utf8')).toHaveLength(total);
	});
});
