import {clock, type Environment} from '../environment.ts';
import type {OperationRecord} from '../operation/record.ts';
import {isAnswered} from '../operation/state.ts';
import {time} from '../specs.ts';
import {checkOptions, type OptionSpecs} from '../validate.ts';
import {stepOn, type Cell} from './compare-and-set.ts';
import {boundedSender, isRedisClient, keyPrefix, type RedisClient} from './redis/client.ts';
import {redisEngine} from './redis/engine.ts';
import {isOfRecord} from './redis/failure.ts';
import {
	answerOf,
	beginningOf,
	fieldsOf,
	foundIn,
	indexesOf,
	placeIn,
	placeOf,
	type Place,
	type Reply,
} from './redis/record.ts';
import {claimRule} from './claim-rule.ts';
import {unreadable} from './listed.ts';
import {forgetRule, KEEP, renewRule, settleRule, type Step} from './rules.ts';
import type {Listed, Store, WriteResult} from './store.ts';

export type {IoRedisClient, NodeRedisClient, NodeRedisCluster, RedisClient, RedisSender} from './redis/client.ts';

export type RedisStoreOptions = {
	/**
	 * A connected client or cluster of `redis` (6 or later) or of `ioredis` (6 or later), which stays yours: the store
	 * neither closes it nor listens to its `error` event, and a `redis` client without a listener for that ends the
	 * process when its connection drops. For any other client: `{send: (key, args) => client.sendCommand(args)}`.
	 */
	readonly client: RedisClient;
	/**
	 * What all keys begin with. Stores with the same one share their operations.
	 *
	 * @default 'latchkey'
	 */
	readonly prefix?: string;
	/**
	 * How long a claim lasts without a renewal, in milliseconds: how long an operation waits when the process that worked on it
	 * was killed.
	 *
	 * @default 10_000
	 */
	readonly lease?: number;
	/**
	 * How long one command may take, in milliseconds. Keep it below the five seconds that a step may take.
	 *
	 * @default 2_000
	 */
	readonly commandTimeout?: number;
};

/**
 * Keeps records in Redis 6 or later, for fleets of servers: all processes with the same `prefix` share them. Every step
 * is one short script, with Redis's own clock; beginning an operation and settling it take one round trip each. It
 * works on a cluster. Records of open operations never expire, settled ones do: 90 days after a success, 7 after a
 * refusal, and there is nothing to sweep.
 *
 * It is as durable as the server: a failover may lose the last writes, and so may a crash without `appendfsync always`;
 * a key that was lost may be followed by another. Set `maxmemory-policy noeviction`: `allkeys-*` may drop open records,
 * `volatile-*` settled ones, and the next call under such a name begins anew.
 *
 * A step throws an `Error` with what the client or the server said and what to do about it, a `TypeError` for a record
 * that this release cannot read.
 *
 * @throws {TypeError | RangeError} for a missing client, or an option of the wrong kind.
 * @example
 * import {createFetch} from 'latchkey';
 * import {redisStore} from 'latchkey/stores/redis';
 * import {createClient} from 'redis';
 *
 * const client = createClient({url: 'redis://localhost'}).on('error', logger.error);
 * await client.connect();
 * const fetch = createFetch({store: redisStore({client}), scope: () => currentUser().id});
 */
export function redisStore(options: RedisStoreOptions): Store {
	return redisStoreIn(clock, options);
}

const needed: OptionSpecs = {
	client: {expects: 'a connected redis or ioredis client, or {send}', test: isRedisClient},
};
const optional: OptionSpecs = {
	prefix: keyPrefix,
	lease: time,
	commandTimeout: time,
};

/** How many records are asked for at once. */
const BATCH = 256;

/** @internal */
export function redisStoreIn(environment: Pick<Environment, 'timer'>, options: RedisStoreOptions): Store {
	checkOptions('redisStore', options, needed, optional);
	const {client, prefix = 'latchkey', lease = 10_000, commandTimeout = 2_000} = options;
	const {run, members} = redisEngine(boundedSender(environment, client, commandTimeout));

	async function step<R>(
		place: Place,
		rule: (record: OperationRecord | undefined, now: number) => Step<R>,
		seen?: Reply,
	): Promise<R> {
		const cell: Cell = {
			read: async () => foundIn(await run('read', place), place),
			async write(record, {revision}) {
				const reply = await run('swap', place, [String(revision), answerOf(record.answer), ...fieldsOf(record, place)]);
				return reply.written ? 'written' : foundIn(reply, place);
			},
		};
		return stepOn(cell, rule, seen && foundIn(seen, place));
	}

	async function recordAt(place: Place): Promise<Listed[]> {
		const {record, now} = foundIn(await run('read', place), place);
		return record === undefined ? [] : [{record, now}];
	}

	async function listedAt(place: Place): Promise<Listed[]> {
		try {
			return await recordAt(place);
		} catch (error) {
			// What is not of this record alone, such as a lost connection, ends the list.
			if (!isOfRecord(error)) throw error;
			return [unreadable(error, Number.NaN)];
		}
	}

	async function recordsAt(places: readonly Place[]): Promise<Listed[]> {
		const records: Listed[] = [];
		for (let from = 0; from < places.length; from += BATCH) {
			const batch = places.slice(from, from + BATCH);
			const listed = await Promise.all(batch.map(listedAt));
			records.push(...listed.flat());
		}

		return records;
	}

	return {
		lease,
		durable: true,
		async claim(id, claim) {
			const place = placeOf(prefix, id);
			const rule = (record: OperationRecord | undefined, now: number) => claimRule(id, record, claim, now);
			// Who waits for a record most often finds it: that takes no more than a look.
			const {awaited, keyAge} = claim;
			const write = awaited === undefined && keyAge === undefined ? rule(undefined, 0).write : undefined;
			if (write === undefined) return step(place, rule);
			const reply = await run('begin', place, beginningOf(write, place, claim.keyEnd));
			return reply.written ? rule(undefined, reply.now).result : step(place, rule, reply);
		},
		async renew(id, renewal) {
			const place = placeOf(prefix, id);
			const {key, owner, token} = renewal;
			const reply = await run('renew', place, [key, owner, String(token), String(renewal.lease)]);
			return done(reply, place) ?? step(place, (record, now) => renewRule(record, renewal, now), reply);
		},
		async settle(id, settlement) {
			const place = placeOf(prefix, id);
			const rule = (record: OperationRecord | undefined, now: number) => settleRule(record, settlement, now);
			const {key, owner, token, state, keepAnswer} = settlement;
			if (!isAnswered(state)) return step(place, rule);
			const kept = keepAnswer ? ['1', answerOf(settlement.answer)] : ['0', ''];
			const status = ['status', state.status];
			const httpStatus = state.httpStatus === undefined ? [] : ['http_status', String(state.httpStatus)];
			const args = [key, owner, String(token), String(KEEP[state.status]), ...kept, ...status, ...httpStatus];
			const reply = await run('settle', place, args);
			return done(reply, place) ?? step(place, rule, reply);
		},
		forget: async (id, freeing) => step(placeOf(prefix, id), (record, now) => forgetRule(record, freeing, now)),
		async list(scope, name, open = false) {
			if (name !== undefined) return recordAt(placeOf(prefix, {scope, name}));
			const ids = await Promise.all(indexesOf(prefix, scope).map(async index => members(index, open)));
			return recordsAt(ids.flat().map(id => placeIn(prefix, scope, id)));
		},
		// What is past its time has expired by itself; its index entry goes when others begin.
		sweep: () => 0,
	};
}

function done(reply: Reply, place: Place): WriteResult | undefined {
	const {record} = foundIn(reply, place);
	return reply.written && record !== undefined ? {status: 'done', record} : undefined;
}
