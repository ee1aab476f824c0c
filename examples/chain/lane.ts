import {randomUUID} from 'node:crypto';
import {Redis} from 'ioredis';
import {freePort} from '../../test/support/free-port.ts';
import {buyingAt} from './buying.ts';
import type {Engines} from './engines.ts';
import {faultsFrom, type Faults} from './faults.ts';
import {kafkaAt} from './parts/broker.ts';
import {consumed} from './parts/consumed.ts';
import {createDatabase, poolAt, tally, type Tally} from './parts/database.ts';
import {settings, startNginx, type Balancing} from './parts/nginx.ts';
import {startPart, type Keeping, type Part, type PartConfig} from './parts/part.ts';
import {buyersIn} from './parts/page.ts';
import {watchWith} from './parts/supervisor.ts';
import {leasedJob} from './shops/leased.ts';

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

/** How often the job runs at most. */
const ROUNDS = 10;

/** All orders through the whole chain, with the faults of this seed, until every part is at rest. */
export async function runLane(engines: Engines, {keeping, balancing, seed, orders}: LaneOptions): Promise<Outcome> {
	const name = `lane_${randomUUID().replaceAll('-', '')}`;
	const database = await createDatabase(engines.postgres, name);
	const faults = faultsFrom(seed, orders);
	const {supervisor, requests, deliveries} = watchWith(faults);

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

	const {press, unknown, succeeded} = buyingAt(nginx.origin, keeping === 'nobody' ? 'plain' : 'latchkey', page);
	let left = await press(Array.from({length: orders}, (_, number) => number));
	const atFirst = await tally(pool, 'orders', orders);
	const job = leasedJob({client: redis, prefix: name}, pool);
	let agreed = true;
	const rounds = keeping === 'redis' ? ROUNDS : 0;
	for (let round = 0; round < rounds; round++) {
		const unsettled = new Set<string | undefined>((await job.unsettled(orders)).map(({subject}) => subject.key));
		agreed &&= unsettled.size === left.size && [...left.values()].every(key => unsettled.has(key));
		if (left.size === 0) break;
		await job.reconcileAll(orders);
		// Who presses again may meet a fault that has been waiting for this order.
		left = await press(left.keys());
	}

	await Promise.all(shops.map(async shop => shop.stop()));
	await relay?.stop();
	const messages = await consumed(admin, name, `${name}-shipping`);
	await consumer?.stop();

	return {
		succeeded: succeeded.size,
		unknown: unknown.size,
		agreed,
		settled: [...unknown].filter(number => succeeded.has(number)).length,
		atFirst,
		orders: await tally(pool, 'orders', orders),
		requests: requests(),
		outbox: await tally(pool, keeping === 'nobody' ? 'outbox' : 'latchkey_outbox', orders),
		messages,
		deliveries: deliveries(),
		shipments: await tally(pool, 'shipments', orders),
		faults: faults.counts(),
	};
}
