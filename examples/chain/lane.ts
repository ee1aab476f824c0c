import {randomUUID} from 'node:crypto';
import {setTimeout as wait} from 'node:timers/promises';
import {Redis} from 'ioredis';
import type {Browser} from 'playwright';
import {freePort} from '../../test/support/free-port.ts';
import {memoryStore} from '../../src/index.ts';
import {latchkeyBuyer, plainBuyer, type Buyer, type Told} from './buyers.ts';
import {faultsFrom, type Faults} from './faults.ts';
import {orderOf} from './order.ts';
import {kafkaAt} from './parts/broker.ts';
import {buyersIn} from './parts/page.ts';
import {createDatabase, poolAt, tally, type Tally} from './parts/database.ts';
import {settings, startNginx, type Balancing} from './parts/nginx.ts';
import {startPart, type Keeping, type Part, type PartConfig, type Supervisor} from './parts/part.ts';
import {leasedJob} from './shops/leased.ts';

/** The engines that lanes share. */
export type Engines = {
	readonly postgres: string;
	readonly redis: string;
	readonly broker: string;
	readonly browser: Browser;
	/** A folder where Node keeps what it has compiled: parts start often. */
	readonly cache: string;
	/** Its files by name. */
	readonly page: ReadonlyMap<string, Uint8Array>;
};

export type LaneOptions = {
	readonly keeping: Keeping;
	readonly balancing: Balancing;
	readonly seed: number;
	readonly orders: number;
};

/** What one run of the chain came to. */
export type Outcome = {
	/** Of how many orders the buyers were told that it is not known what became of them. */
	readonly unknown: number;
	/** How many were told of a success, at once or when they pressed again. */
	readonly succeeded: number;
	/** Those that the guard had as unsettled are those that buyers were told are unknown. */
	readonly agreed: boolean;
	/** Of how many of those the buyers were told of a success in the end. */
	readonly settled: number;
	readonly orders: Tally;
	/** Orders there when the buyers had been told, before anything was found out. */
	readonly atFirst: Tally;
	readonly requests: number;
	readonly outbox: Tally;
	readonly messages: number;
	readonly deliveries: number;
	readonly shipments: Tally;
	readonly faults: ReturnType<Faults['counts']>;
};

/** How many buyers are at it at once. */
const AT_ONCE = 12;
/** Every so many orders are bought in Chromium. */
const IN_CHROMIUM = 5;
/** How often the job runs at most. */
const ROUNDS = 10;

/** All orders through the whole chain, with the faults of this seed, until every part is at rest. */
export async function runLane(engines: Engines, {keeping, balancing, seed, orders}: LaneOptions): Promise<Outcome> {
	const name = `lane_${randomUUID().replaceAll('-', '')}`;
	const database = await createDatabase(engines.postgres, name);
	const faults = faultsFrom(seed, orders);
	const [requests, repeated] = [new Map<number, number>(), new Map<number, () => void>()];
	let deliveries = 0;
	const supervisor: Supervisor = {
		async ask(order, fault) {
			if (fault !== 'repeated') return faults.meets(order, fault);
			if ((requests.get(order) ?? 0) < 2) await new Promise<void>(resolve => repeated.set(order, resolve));
			return true;
		},
		arrived(order) {
			requests.set(order, (requests.get(order) ?? 0) + 1);
			if (requests.get(order) === 2) repeated.get(order)?.();
		},
		delivered() {
			deliveries++;
		},
	};

	await using cleanUp = new AsyncDisposableStack();
	const pool = cleanUp.adopt(poolAt(database), async it => it.end());
	const redis = cleanUp.adopt(new Redis(engines.redis), it => it.disconnect());
	const config = {keeping, database, redis: engines.redis, prefix: name, broker: engines.broker, topic: name};
	const start = async (file: 'shop' | 'relay' | 'consumer', port = 0): Promise<Part> => {
		const part = await startPart(file, {...config, port} satisfies PartConfig, supervisor, engines.cache);
		cleanUp.defer(() => part.kill());
		return part;
	};
	const admin = kafkaAt(engines.broker).admin();
	await admin.connect();
	cleanUp.defer(async () => admin.disconnect());
	// The mock broker makes a topic that it is asked about.
	await admin.fetchTopicMetadata({topics: [name]});
	const ports = [await freePort(), await freePort()];
	const [consumer, relay, ...shops] = await Promise.all([
		start('consumer'),
		start('relay'),
		...ports.map(async port => start('shop', port)),
	]);
	const nginx = await startNginx(ports, settings[balancing], engines.page);
	cleanUp.defer(nginx.stop);
	const page = await buyersIn(engines.browser, nginx.origin);
	cleanUp.defer(page.close);

	const inNode = {plain: plainBuyer, latchkey: latchkeyBuyer};
	const kind = keeping === 'nobody' ? 'plain' : 'latchkey';
	const node = inNode[kind](`${nginx.origin}/orders`, {scope: null, store: memoryStore()});
	const buyerOf = (number: number): Buyer => (number % IN_CHROMIUM === 0 ? page[kind] : node);
	const buy = async (numbers: Iterable<number>) => {
		const told = new Map<number, Told>();
		const left = [...numbers].values();
		const line = async () => {
			for (const number of left) told.set(number, await buyerOf(number)(orderOf(number)));
		};
		await Promise.all(Array.from({length: AT_ONCE}, line));
		return told;
	};

	const [succeeded, unknown] = [new Set<number>(), new Set<number>()];
	/** Returns the keys of those that are not known. */
	const press = async (numbers: Iterable<number>) => {
		const keys = new Map<number, string | undefined>();
		for (const [number, {outcome, key}] of await buy(numbers))
			if (outcome === 'succeeded') succeeded.add(number);
			else keys.set(number, key);
		for (const number of keys.keys()) unknown.add(number);
		return keys;
	};
	let left = await press(Array.from({length: orders}, (_, number) => number));
	const atFirst = await tally(pool, 'orders', orders);
	const job = leasedJob({client: redis, prefix: name}, pool);
	let agreed = true;
	// Who presses again may meet a fault that has been waiting for this order.
	const rounds = keeping === 'redis' ? ROUNDS : 0;
	for (let round = 0; round < rounds && left.size > 0; round++) {
		const unsettled = new Set<string | undefined>((await job.unsettled(orders)).map(({subject}) => subject.key));
		agreed &&= unsettled.size === left.size && [...left.values()].every(key => unsettled.has(key));
		await job.reconcileAll(orders);
		left = await press(left.keys());
	}

	await Promise.all(shops.map(async shop => shop.stop()));
	await relay?.stop();
	const messages = await consumed(name);
	await consumer?.stop();

	async function consumed(topic: string): Promise<number> {
		for (; ; await wait(50)) {
			const ends = await admin.fetchTopicOffsets(topic);
			const [group] = await admin.fetchOffsets({groupId: `${topic}-shipping`, topics: [topic]});
			const reached = new Map(group?.partitions.map(({partition, offset}) => [partition, Number(offset)]));
			const left = ends.filter(({partition, high}) => Number(high) > Math.max(reached.get(partition) ?? 0, 0));
			if (left.length === 0) return ends.reduce((sum, {high}) => sum + Number(high), 0);
		}
	}

	return {
		succeeded: succeeded.size,
		unknown: unknown.size,
		agreed,
		settled: [...unknown].filter(number => succeeded.has(number)).length,
		atFirst,
		orders: await tally(pool, 'orders', orders),
		requests: [...requests.values()].reduce((sum, count) => sum + count, 0),
		outbox: await tally(pool, keeping === 'nobody' ? 'outbox' : 'latchkey_outbox', orders),
		messages,
		deliveries,
		shipments: await tally(pool, 'shipments', orders),
		faults: faults.counts(),
	};
}
