import {once} from 'node:events';
import {readFileSync, writeFileSync} from 'node:fs';
import {text} from 'node:stream/consumers';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {idempotent} from '../../src/server/guard.ts';
import {temporaryFolder} from '../stores/sqlite-folder.ts';
import {enginesIn, processOn, type Engine} from './engines.ts';
import {codeOf, payment} from './shop.ts';

const {freshFile} = temporaryFolder();

const PROCESSES = 3;
const EACH = 12;
const DAY = 86_400_000;

type Told = {readonly status: number; readonly body: string};

/** What everybody is told who asks under this key at once, in one process or in three, and how often it took effect. */
async function crowd(engine: Engine, key: string, policy: object): Promise<{told: readonly Told[]; effects: number}> {
	const effects = freshFile();
	writeFileSync(effects, '');
	if (!engine.script) {
		let runs = 0;
		const handler = async () => {
			const run = ++runs;
			await new Promise(resolve => setTimeout(resolve, 50));
			return new Response(`run ${run}`, {status: 201});
		};
		const guard = idempotent(handler, {store: engine.store, scope: null, ...policy});
		const all = Array.from({length: PROCESSES * EACH}, async () => {
			const response = await guard(payment({key}));
			return {status: response.status, body: await response.text()};
		});
		return {told: await Promise.all(all), effects: runs};
	}

	const children = Array.from({length: PROCESSES}, () =>
		processOn(
			engine,
			`
			const guard = idempotent(async () => {
				appendFileSync(${JSON.stringify(effects)}, 'x');
				await new Promise(resolve => setTimeout(resolve, 50));
				return new Response('run ' + crypto.randomUUID(), {status: 201});
			}, {store, scope: null, storeTimeout: 30_000, ...${JSON.stringify(policy)}});
			await store.unsettled('', 1);
			process.stdout.write('ready\\n');
			await new Promise(resolve => process.stdin.once('data', resolve));
			const headers = {'content-type': 'application/json', 'idempotency-key': ${JSON.stringify(key)}};
			const told = await Promise.all(Array.from({length: ${EACH}}, async () => {
				const init = {method: 'POST', body: '{"amount":1}', headers};
				const response = await guard(new Request('https://shop.test/pay', init));
				return {status: response.status, body: await response.text()};
			}));
			process.stdout.write(JSON.stringify(told), () => process.exit());
			`,
		),
	);
	await Promise.all(children.map(async ({stdout}) => once(stdout, 'data')));
	const said = children.map(async ({stdout}) => text(stdout));
	for (const {stdin} of children) stdin.write('go\n');
	const told = (await Promise.all(said)).flatMap(all => JSON.parse(all) as Told[]);
	return {told, effects: readFileSync(effects, 'utf8').length};
}

describe.each(enginesIn(freshFile))('with entries on %s', (_, open) => {
	let engine: Engine;
	beforeAll(async () => {
		engine = await open();
	});
	afterAll(async () => engine.close());

	/** A process has begun, and is never heard of again. */
	async function abandoned(key: string, mayHaveActed: boolean): Promise<void> {
		const {store} = engine;
		const stopped: typeof store = {
			...store,
			begin: async (id, it) => store.begin(id, {...it, mayHaveActed}),
			answer: never,
			renew: never,
		};
		const guard = idempotent(() => new Response('lost'), {store: stopped, scope: null, storeTimeout: DAY});
		void guard(payment({key}));
		await expect
			.poll(async () => (await store.unsettled('', 1_000)).map(({entry}) => entry.subject.key))
			.toContain(key);
		await engine.elapse(10_000);
	}

	async function answeredLongAgo(key: string): Promise<void> {
		const guard = idempotent(() => new Response('of yesterday'), {store: engine.store, scope: null});
		await guard(payment({key}));
		await engine.elapse(DAY);
	}

	const befores = [
		['a fresh key', async () => undefined, {}],
		[
			'a key whose run is gone and had marked no effect',
			async (key: string) => abandoned(key, false),
			{effects: 'marked'},
		],
		[
			'a key whose run is gone, where it runs again',
			async (key: string) => abandoned(key, true),
			{onLapsed: 'reexecute'},
		],
		['a key whose answer has expired', answeredLongAgo, {}],
	] as const;

	test.each(befores)(
		'of many at once under %s one runs, and the others are told to wait or what it said',
		async (_title, before, policy) => {
			const key = crypto.randomUUID();
			await before(key);
			const {told, effects} = await crowd(engine, key, policy);
			expect([told.length, effects]).toEqual([PROCESSES * EACH, 1]);
			const answers = told.filter(({status}) => status === 201);
			expect(new Set(answers.map(({body}) => body)).size).toBe(1);
			expect(answers[0]?.body).toMatch(/^run /);
			const others = told.filter(({status}) => status !== 201);
			expect(new Set(others.map(({body}) => (JSON.parse(body) as {code: string}).code))).toEqual(
				new Set(others.length > 0 ? ['idempotency-key-in-progress'] : []),
			);
			const later = await idempotent(() => new Response('again'), {store: engine.store, scope: null})(payment({key}));
			expect([later.status, await later.text()]).toEqual([201, answers[0]?.body]);
		},
	);

	test.each(befores)('of many who wait under %s one runs, and all get its answer', async (_title, before, policy) => {
		const key = crypto.randomUUID();
		await before(key);
		const {told, effects} = await crowd(engine, key, {...policy, waiting: 30_000});
		expect([told.length, effects, new Set(told.map(({status}) => status))]).toEqual([
			PROCESSES * EACH,
			1,
			new Set([201]),
		]);
		expect(new Set(told.map(({body}) => body)).size).toBe(1);
	});

	test('of many at once under a key in doubt none runs', async () => {
		const key = crypto.randomUUID();
		await abandoned(key, true);
		const {told, effects} = await crowd(engine, key, {waiting: 30_000});
		expect([told.length, effects]).toEqual([PROCESSES * EACH, 0]);
		expect(new Set(told.map(({status, body}) => `${status} ${(JSON.parse(body) as {code: string}).code}`))).toEqual(
			new Set(['409 idempotency-outcome-unknown']),
		);
		expect(
			await codeOf(await idempotent(() => new Response(), {store: engine.store, scope: null})(payment({key}))),
		).toBe('idempotency-outcome-unknown');
	});
});

async function never(): Promise<never> {
	return new Promise(() => undefined);
}
