import {getEventListeners} from 'node:events';
import process from 'node:process';
import v8 from 'node:v8';
import vm from 'node:vm';
import {createFetchIn, type LatchkeyFetch} from '../../src/fetch.ts';
import {operationsOf} from '../../src/operation/operations.ts';
import {memoryStoreIn} from '../../src/stores/memory.ts';
import type {Store} from '../../src/stores/store.ts';
import {toldOf} from '../support/told.ts';
import {createFlatTime, type FlatTime} from './flat-time.ts';
import {forgetAll} from '../../src/operation/forget-all.ts';
import {operationOf} from '../../src/operation/handle.ts';

/** How much there is of everything that a process may keep. `heap`: in bytes, when all that is garbage is gone. */
export type Kept = Readonly<Record<string, number>>;

export type Growth = {readonly life: string; readonly calls: number; readonly early: Kept; readonly late: Kept};

const DAY = 86_400_000;

/** What all operations of one life have in common. */
type Scene = {
	readonly time: FlatTime;
	readonly fetch: LatchkeyFetch;
	/** Lives as long as the page. */
	readonly signal: AbortSignal;
};

type Life = {readonly play: (scene: Scene, i: number) => Promise<unknown>; readonly onStoreError?: 'fail' | 'degrade'};

const named = (i: number, more: RequestInit = {}) => ({
	method: 'POST',
	body: `{"cart":${i}}`,
	operation: ['pay', `order ${String(i).padStart(9, '0')}`] as const,
	...more,
});

/** Each of them is one page, or one process, that goes on for very long. */
export const lives = {
	'named operations that succeed': {
		play: async ({time, fetch}, i) => time.finish(toldOf(fetch('/pay', named(i)))),
	},
	'named operations that are refused': {
		play: async ({time, fetch}, i) => time.finish(toldOf(fetch('/declined', named(i)))),
	},
	'named operations that lose their first answer': {
		play: async ({time, fetch}, i) => time.finish(toldOf(fetch('/lost', named(i)))),
	},
	'callers who leave, and one who comes back': {
		async play({time, fetch}, i) {
			const controllers = [new AbortController(), new AbortController()];
			const told = controllers.map(({signal}) => toldOf(fetch('/hangs', named(i, {signal}))));
			await time.pass(10);
			for (const controller of controllers) controller.abort();
			await time.finish(Promise.all(told));
			await time.pass(1_000);
			return time.finish(toldOf(fetch('/hangs', named(i))));
		},
	},
	'handles with subscribers that come and go': {
		async play({time, fetch}, i) {
			const handle = operationOf(fetch, named(i).operation);
			const stops = [1, 2].map(() => handle.subscribe(() => undefined));
			await time.finish(toldOf(handle.fetch('/pay', {method: 'POST', body: `{"cart":${i}}`})));
			for (const stop of stops) stop();
			await time.finish(handle.complete());
		},
	},
	'handles that are only looked at': {
		async play({time, fetch}, i) {
			const handle = operationOf(fetch, named(i).operation);
			const stop = handle.subscribe(() => undefined);
			await time.pass(1);
			stop();
		},
	},
	'one signal for all': {
		async play({time, fetch, signal}, i) {
			await time.finish(toldOf(fetch('/pay', named(i, {signal}))));
			const own = {method: 'POST', body: '1', idempotencyKey: `own-${i}`, signal};
			await time.finish(toldOf(fetch('/pay', own)));
		},
	},
	'calls without a name, under keys of their own': {
		async play({time, fetch}, i) {
			const own = {method: 'POST', body: `${i}`, idempotencyKey: `own-${i}`};
			await time.finish(Promise.all([toldOf(fetch('/pay', own)), toldOf(fetch('/pay', own))]));
			await time.finish(toldOf(fetch('/declined', {method: 'POST', body: `${i}`, operation: true})));
		},
	},
	'operations that go on while the store fails': {
		onStoreError: 'degrade',
		play: async ({time, fetch}, i) => time.finish(toldOf(fetch('/pay', named(i)))).then(async () => time.pass(3_000)),
	},
	'operations that are forgotten': {
		async play({time, fetch}, i) {
			await time.finish(toldOf(fetch('/declined', named(i))));
			await time.finish(operationOf(fetch, named(i).operation).forget());
			if (i % 100 === 0) await time.finish(forgetAll(fetch));
		},
	},
} satisfies Record<string, Life>;

export type LifeName = keyof typeof lives;

/** What is kept after `early` and after `late` operations of one page. */
/** `nights`: records that are settled go in time, so that a store is full soon; else it keeps its last 10,000. */
export async function growthOf(name: LifeName, early: number, late: number, nights = false): Promise<Growth> {
	const time = createFlatTime();
	const {environment} = time;
	const {play, onStoreError = 'fail'}: Life = lives[name];
	const {signal} = new AbortController();
	const store = onStoreError === 'fail' ? memoryStoreIn(environment) : failing(memoryStoreIn(environment));
	const fetch = createFetchIn(environment, {fetch: server(), store, scope: null, onStoreError});
	const scene = {time, fetch, signal};

	async function kept(): Promise<Kept> {
		// What is due in the background has been done.
		await time.pass(120_000);
		const maps = Object.entries(operationsOf(store, environment)).filter(([, value]) => value instanceof Map);
		return {
			...Object.fromEntries(maps.map(([what, map]) => [what, (map as Map<string, unknown>).size])),
			waiting: time.waiting(),
			'listeners of the signal': getEventListeners(signal, 'abort').length,
			heap: await heap(),
		};
	}

	let first: Kept = {};
	for (let i = 1; i <= late; i++) {
		await play(scene, i);
		if (nights && i % 100 === 0) await time.pass(50 * DAY);
		if (i === early) first = await kept();
	}

	return {life: name, calls: late - early, early: first, late: await kept()};
}

/** Every second settlement fails, as does every fifth claim. */
function failing(store: Store): Store {
	let steps = 0;
	const fails = (every: number) => {
		if (++steps % every === 0) throw new Error('the store failed');
	};
	return {
		...store,
		claim(id, claim) {
			fails(5);
			return store.claim(id, claim);
		},
		settle(id, settlement) {
			fails(2);
			return store.settle(id, settlement);
		},
	};
}

/** Every other request there is lost, or never answered. */
function server(): (input: RequestInfo | URL, init?: RequestInit) => Promise<Response> {
	let requests = 0;
	return async (input, init) => {
		const isFirst = ++requests % 2 === 1;
		const {url} = new Request(input);
		if (isFirst && url.endsWith('/lost')) throw new TypeError('fetch failed');
		if (isFirst && url.endsWith('/hangs'))
			return new Promise((_, reject) => {
				init?.signal?.addEventListener('abort', () => {
					reject(init.signal?.reason);
				});
			});
		return Response.json({paid: url}, {status: url.endsWith('/declined') ? 402 : 201});
	};
}

/** In bytes: far less than the smallest entry for an operation, and more than what a heap differs by from time to time. */
const MOST_PER_CALL = 50;

/** What grew with the number of operations. */
export function grown({calls, early, late}: Growth): string[] {
	const more = ([what, count]: [string, number]) => {
		const growth = count - (early[what] ?? 0);
		return growth > (what === 'heap' ? calls * MOST_PER_CALL : 1);
	};
	return Object.entries(late)
		.filter(more)
		.map(([what, count]) => `${what}: ${early[what]} → ${count}`);
}

v8.setFlagsFromString('--expose-gc');
const gc = vm.runInNewContext('gc') as () => void;

/** Finalizers run in turns of their own, and free more. */
async function heap(): Promise<number> {
	for (let i = 0; i < 3; i++) {
		gc();
		await new Promise(resolve => {
			setImmediate(resolve);
		});
	}

	return process.memoryUsage().heapUsed;
}
