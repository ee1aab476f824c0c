import {contentKey} from '../../src/request/content-key.ts';
import type {FetchOptions} from '../../src/options.ts';
import {createCheck} from './check.ts';
import {createLife, type Life} from './life.ts';
import {createNetwork} from './network.ts';
import type {Plan, Work} from './plan.ts';
import {createServer} from './server.ts';
import {serverKinds} from './servers.ts';
import {createSharedStore, type Words} from './shared-store.ts';
import {openTab, type Tab} from './tab.ts';
import {virtualEnvironment, type Connection} from './virtual-environment.ts';
import {createWorld} from './world.ts';

const HOUR = 3_600_000;

export type Shop = ReturnType<typeof createShop>;

/** A world with a server, a network, a store, and tabs that open anew when they have crashed. */
export function createShop(plan: Plan) {
	const world = createWorld();
	const kind = serverKinds[plan.server];
	const check = createCheck(world, kind);
	let calm = false;

	/** Goes through a list; what it no longer says goes well. */
	function each<T>(list: readonly T[], well: T): () => T {
		let index = 0;
		return () => (calm ? well : (list[index++] ?? well));
	}

	const nextWork = each<Work>(plan.work, {ms: 30, result: 'ok'});
	const server = createServer(world, kind, nextWork, check);
	const store = createSharedStore(world, plan, each(plan.store, {there: undefined, back: 0, fails: 'no'}), check);
	const network = createNetwork(
		world,
		server,
		each(plan.network, {kind: 'through', there: 20, back: 20}),
		check,
		store.written,
	);
	const connection: Connection = {online: true, listeners: new Set()};
	const random = jitter(plan.jitter);
	const tabs: Array<Tab | undefined> = [];
	let lives = 0;
	let ids = 0;

	/** As somebody finds out who asks the server; `undefined` while a request may still arrive. */
	function truth(key: string, operation: string): 'succeeded' | 'refused' | undefined {
		const {effects, underWay} = check.of(operation, key);
		if (effects > 0) return 'succeeded';
		return underWay > 0 ? undefined : 'refused';
	}

	function optionsOf(life: Life): FetchOptions {
		// Without a word of it, a day is assumed: a server that forgets sooner must say so.
		const documented = plan.dialect === 'documented' || kind.retention !== Number.POSITIVE_INFINITY;
		return {
			scope: null,
			fetch: network.fetchOf(life),
			keepResponse: plan.keepResponse,
			keepRequest: plan.keepRequest,
			onStoreError: plan.onStoreError,
			...(documented && {dialect: kind.dialect}),
			...(plan.keys === 'content' && {keyFrom: contentKey()}),
			...(plan.reconcile && {
				reconcile: async ({operation, key}) =>
					new Promise(resolve => {
						const found = truth(key, operation[1] ?? '');
						world.note(life.name, `finds out that ${key} is ${found}`);
						life.later(100, () => resolve(found));
					}),
			}),
		};
	}

	function open(index: number): Tab {
		const life = createLife(world, `tab ${index}.${++lives}`);
		const words: Words = new Set();
		const environment = virtualEnvironment(world, life, connection, random, () => `id-${++ids}`);
		const options = {...optionsOf(life), store: store.open(life, words)};
		const redirect = plan.follows ? 'follow' : 'manual';
		return openTab({world, life, environment, words, check, options, redirect});
	}

	return {
		world,
		kind,
		check,
		store,
		truth,
		tabs: () => tabs.filter(tab => tab?.life.alive()) as Tab[],
		/** The tab with that number, loaded again if its life is over. */
		tab(index: number): Tab {
			const tab = tabs[index];
			if (tab?.life.alive()) return tab;
			return (tabs[index] = open(index));
		},
		setOnline(online: boolean): void {
			connection.online = online;
			if (online) for (const hear of connection.listeners) hear();
		},
		/** Derived keys come again when their records are long gone, when servers have forgotten them: not so these here. */
		setClock(by: number): void {
			if (plan.keys === 'content' && by > HOUR) return;
			world.note('machine', `sets its clock by ${by} ms`);
			world.setClock(by);
		},
		/** From now on all goes well. */
		calmDown(): void {
			calm = true;
			for (const tab of tabs) tab?.life.arm(Number.POSITIVE_INFINITY, true);
		},
	};
}

/** A small generator of its own (mulberry32), so that a plan says everything. */
function jitter(seed: number): () => number {
	let state = seed;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let t = Math.imul(state ^ (state >>> 15), 1 | state);
		t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
		return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
	};
}
