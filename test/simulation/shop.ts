import type {FetchOptions} from '../../src/options.ts';
import {contentKey} from '../../src/request/content-key.ts';
import {randomFrom} from '../support/random-from.ts';
import {createCallbacks} from './callbacks.ts';
import {createCheck} from './check.ts';
import {createLife, type Life} from './life.ts';
import {createNetwork} from './network.ts';
import {createOwnKeys} from './own-keys.ts';
import {sharesKeys, type CallbackFate, type Configuration, type Plan, type StoreFate, type Work} from './plan.ts';
import {createServer} from './server.ts';
import {createGuardServer} from './guard-server.ts';
import {serverKind} from './all-servers.ts';
import type {ServerKind} from './servers.ts';
import {userOf, USERS, type Session} from './session.ts';
import {createSharedStore, type SharedStore, type Words} from './shared-store.ts';
import {openTab, type Tab} from './tab.ts';
import {virtualEnvironment, type Connection} from './virtual-environment.ts';
import {createWire} from './wire.ts';
import {createWorld} from './world.ts';
import {wrapped} from './wrappers.ts';

const HOUR = 3_600_000;

export type Shop = ReturnType<typeof createShop>;

/** A world with a server, a network, a store, and tabs that open anew when they have crashed. */
export function createShop(plan: Plan) {
	const world = createWorld();
	const kind = serverKind(plan.server);
	const wire = createWire(kind);
	const check = createCheck(world, kind, plan);
	const session: Session = {user: USERS[0]};
	const ownKeys = createOwnKeys(plan.storeClock === 'own' ? world.clock : world.wall, count =>
		keyForm(kind, 'own', count),
	);
	const devices = plan.keys === 'random' ? 1 : plan.devices;
	let calm = false;

	/** Goes through a list; what it no longer says goes well. */
	function each<T>(list: readonly T[], well: T): () => T {
		let index = 0;
		return () => (calm ? well : (list[index++] ?? well));
	}

	const nextWork = each<Work>(plan.work, {ms: 30, result: 'ok'});
	const nothing = {there: undefined, back: 0, fails: 'no'} as const;
	const guards = kind.isGuard
		? createGuardServer(
				world,
				kind,
				plan.guard,
				{
					run: each(plan.guard.runs, {before: 30, after: 0, result: 'paid', end: 'answers'}),
					answer: each(plan.guard.answers, {ms: 0, how: 'tells'}),
					entry: each<StoreFate>(plan.guard.entries, nothing),
				},
				check,
			)
		: undefined;
	const server = guards ?? createServer(world, kind, plan.server, nextWork, check);
	const nextTrouble = each<CallbackFate>(plan.trouble, 'answers');
	const nextStoreFate = each<StoreFate>(plan.store, {there: undefined, back: 0, fails: 'no'});
	/** One for each device. */
	const stores = [1, 2].map(() => createSharedStore(world, plan, nextStoreFate, check)) as [SharedStore, SharedStore];
	const network = createNetwork(
		world,
		server,
		each(plan.network, {kind: 'through', there: 20, back: 20}),
		check,
		wire,
		// What a wrapper sends by itself nobody can hold back.
		id => plan.wrapper === 'retries' || userOf(id) === session.user,
	);
	const connection: Connection = {online: true, listeners: new Set()};
	const random = randomFrom(plan.jitter);
	const tabs: Array<Tab | undefined> = [];
	let lives = 0;
	let ids = 0;

	/** As somebody finds out who asks the server; `undefined` while a request may still arrive. */
	function truth(key: string, id: string): 'succeeded' | 'refused' | undefined {
		const {effects, underWay} = check.of(id, key);
		if (effects > 0) return 'succeeded';
		return underWay > 0 ? undefined : 'refused';
	}

	function optionsOf(life: Life, index: number, store: SharedStore): FetchOptions {
		const {dialect, reconcile, ...said}: Configuration = {...plan, ...(index === 1 && plan.other)};
		// Without a word of it, a day is assumed: a server that forgets sooner must say so.
		const forgets = kind.retention !== Number.POSITIVE_INFINITY && !(plan.undeclared && index === 1);
		// So must one that answers before it has finished.
		const isKnown =
			dialect === 'documented' && (kind.plain !== undefined || kind.retention === Number.POSITIVE_INFINITY);
		const documented = (forgets && kind.plain === undefined) || kind.finishesLater || isKnown;
		const others = devices === 2;
		return {
			scope: () => session.user,
			fetch: wrapped(
				network.fetchOf(life, store.written, (id, key) => ageOf(store, id, key, life)),
				plan.wrapper,
				() => calm,
				// It passes on the answer of the last copy.
				(input, init) => {
					const key = wire.keyOf(input, init);
					if (key !== undefined) check.of(check.idOf(key), key).misled = true;
				},
			),
			keepResponse: said.keepResponse,
			keepRequest: said.keepRequest,
			onStoreError: said.onStoreError,
			keySenders: others ? 'anywhere' : plan.keySenders,
			...dialectOf(kind, documented, !forgets),
			...(plan.keys === 'content' && {keyFrom: contentKey()}),
			...(said.keepRequest && {pending: ({headers}) => ({statusUrl: headers.get('location') ?? undefined})}),
			...(reconcile && {
				reconcile: async ({key}) =>
					new Promise(resolve => {
						const found = truth(key, check.idOf(key));
						world.note(life.name, `finds out that ${key} is ${found}`);
						// Another device, or a realm without the store, may still send it: the word is the application's.
						const facts = check.of(check.idOf(key), key);
						// So may an owner whose lease was taken from it because the clock that it ends by was set back.
						const mayYetSend = others || facts.apartIn.size > 0 || world.setBack > 10_000;
						if (mayYetSend && found === 'refused') facts.disowned = true;
						life.later(100, () => {
							// Whoever hears this knows, whether or not it can be written down.
							if (found !== undefined) facts.openFor.delete(life.name);
							resolve(found);
						});
					}),
			}),
		};
	}

	/** Of a key at least, by the clock of the store, and by its record for who goes by that. */
	function ageOf(store: SharedStore, id: string, key: string, {name}: Life): number {
		const facts = check.of(id, key);
		// Random keys are known from their first send on.
		if (plan.keys === 'random' && plan.storeClock === 'own') facts.sentAt = Math.min(facts.sentAt, store.now());
		const record = facts.apartIn.has(name) ? undefined : store.record(id);
		const since = plan.keys === 'own' && plan.since ? ownKeys.madeAt(key) : undefined;
		const begun = record?.key === key ? record.createdAt : undefined;
		return store.now() - Math.min(since ?? Infinity, begun ?? Infinity, facts.sentAt);
	}

	/** Which store a tab has: that of its device. */
	function storeOf(index: number): SharedStore {
		return stores[devices === 2 && index === 2 ? 1 : 0];
	}

	function open(index: number): Tab {
		const life = createLife(world, `tab ${index}.${++lives}`);
		const words: Words = new Set();
		const skew = plan.storeClock === 'own' && index === 1 ? plan.skew : 0;
		const environment = virtualEnvironment(world, life, connection, random, () => keyForm(kind, 'id', ++ids), skew);
		const own = storeOf(index);
		const opens = calm || lives !== plan.unopened;
		const store = own.open(life, words, opens);
		const callbacks = createCallbacks(world, life, plan, nextTrouble);
		const options = callbacks.around({...optionsOf(life, index, own), store});
		const redirect = plan.follows ? 'follow' : 'manual';
		const keys = plan.keys === 'own' ? ownKeys : undefined;
		return openTab({
			world,
			life,
			environment,
			words,
			check,
			options,
			redirect,
			session,
			keys,
			callbacks,
			plan,
			listens: kind.finishesLater === true && plan.watch,
			isVerdict: network.isVerdict,
			wire,
			opens,
		});
	}

	return {
		world,
		kind,
		check,
		guards,
		session,
		users: plan.users,
		undeclared: plan.undeclared,
		payloadOf: wire.payloadOf,
		sharesKeys: sharesKeys(plan),
		randomKeys: plan.keys === 'random',
		store: stores[0],
		storeOf,
		ownKeys,
		truth,
		/** Those of the first device. */
		tabs: () => tabs.filter((tab, index) => tab?.life.alive() && storeOf(index) === stores[0]) as Tab[],
		allTabs: () => tabs.filter(tab => tab?.life.alive()) as Tab[],
		/** The tab with that number, loaded again if its life is over. */
		tab(index: number): Tab {
			const tab = tabs[index];
			if (tab?.life.alive()) return tab;
			return (tabs[index] = open(index));
		},
		reload(tab: Tab): Tab {
			tab.life.crash();
			return this.tab(tabs.indexOf(tab));
		},
		setOnline(online: boolean): void {
			connection.online = online;
			if (online) for (const hear of connection.listeners) hear();
		},
		/** Derived keys come again when their records are long gone, when servers have forgotten them: not so these here. */
		setClock(by: number): void {
			if (plan.keys !== 'random' && by > HOUR) return;
			world.note('machine', `sets its clock by ${by} ms`);
			world.setClock(by);
		},
		/** From now on all goes well. A store that could not be opened is, when its tab is loaded again. */
		calmDown(): void {
			calm = true;
			guards?.calmDown();
			for (const tab of tabs) if (tab && !tab.opens) tab.life.crash();
			for (const tab of tabs) tab?.life.arm(Number.POSITIVE_INFINITY, true);
		},
	};
}

/** Where the key goes is known to all; how answers are read, and for how long keys are kept, perhaps not. */
function dialectOf(
	kind: ServerKind,
	documented: boolean | undefined,
	undeclared: boolean,
): Pick<FetchOptions, 'dialect'> {
	const {dialect, plain} = kind;
	if (plain === undefined) return documented ? {dialect} : {};
	return {dialect: {...(documented ? dialect : plain), ...(undeclared && {retention: undefined})}};
}

/** Some servers take nothing but UUIDs. */
function keyForm({says}: ServerKind, kind: 'id' | 'own', count: number): string {
	if (says === undefined) return `${kind}-${count}`;
	return `${kind === 'id' ? '00000000' : '11111111'}-0000-4000-8000-${String(count).padStart(12, '0')}`;
}
