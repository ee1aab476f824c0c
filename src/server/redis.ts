import {Buffer} from 'node:buffer';
import {clock, type Clock} from '../clock.ts';
import {time} from '../specs.ts';
import {boundedSender, isRedisClient, keyPrefix, type RedisClient} from '../stores/redis/client.ts';
import {commandsOn} from '../stores/redis/engine.ts';
import {checkOptions, type OptionSpecs} from '../validate.ts';
import {stepOnEntry, stepsBy, type FoundEntry} from './compared.ts';
import type {EntryStore} from './entry.ts';
import {entryScripts} from './redis-scripts.ts';
import {entryOf, entryRow, guardColumn, packKept, type EntryRow} from './row.ts';
import {beginRule, isAbsent} from './rules.ts';

export type RedisEntriesOptions = {
	/** A connected client or cluster of `redis` or `ioredis`, or `{send}`, as `redisStore` takes it. It stays yours. */
	readonly client: RedisClient;
	/**
	 * What all keys begin with.
	 *
	 * @default 'latchkey'
	 */
	readonly prefix?: string;
	/**
	 * How long one command may take, in milliseconds. Keep it below the guard's `storeTimeout`.
	 *
	 * @default 1_500
	 */
	readonly commandTimeout?: number;
};

const needed: OptionSpecs = {
	client: {expects: 'a connected redis or ioredis client, or {send}', test: isRedisClient},
};
const optional: OptionSpecs = {
	prefix: keyPrefix,
	commandTimeout: time,
};

const DIGITS = Array.from({length: 16}, (_, digit) => digit.toString(16));

/**
 * Keeps the entries of guards in Redis 6 or later, for fleets: a run takes two round trips, each one short script, with
 * Redis's own clock. It works on a cluster. Answers expire by themselves; doubts never do.
 *
 * It is as durable as the server: a failover, or a crash without `appendfsync always`, may lose a claim, and what ran
 * under it may run again. Set `maxmemory-policy noeviction`. Where that is too little, take Postgres.
 *
 * @throws {TypeError | RangeError} for a missing client, or an option of the wrong kind.
 * @example
 * import {idempotent} from 'latchkey/server';
 * import {redisEntries} from 'latchkey/server/redis';
 * import {createClient} from 'redis';
 *
 * const client = createClient({url: 'redis://localhost'}).on('error', logger.error);
 * await client.connect();
 * const pay = idempotent(handler, {store: redisEntries({client}), scope: request => userOf(request).id});
 */
export function redisEntries(options: RedisEntriesOptions): EntryStore {
	return redisEntriesIn(clock, options);
}

/** @internal */
export function redisEntriesIn(environment: Pick<Clock, 'timer'>, options: RedisEntriesOptions): EntryStore {
	checkOptions('redisEntries', options, needed, optional);
	const {client, prefix = 'latchkey', commandTimeout = 1_500} = options;
	const {command, script} = commandsOn(boundedSender(environment, client, commandTimeout));

	const indexOf = (digit: string) => `${prefix}:{guard:${digit}}:unsettled`;
	const placeOf = (id: string) => `${prefix}:{guard:${id.charAt(0)}}:entry:${id}`;

	async function run(name: keyof typeof entryScripts, id: string, args: readonly string[]): Promise<Reply> {
		const keys = [placeOf(id), indexOf(id.charAt(0))] as const;
		return replyOf(await script(entryScripts[name], keys, args), keys[0]);
	}

	const step = stepsBy(async (id, rule) => {
		const read = async () => run('read', id, [id]);
		return stepOnEntry(
			{
				read,
				async write(entry, {revision, record}) {
					const guard = guardColumn((entry ?? record)?.subject.guard ?? '');
					const fields = entry === null ? [] : spread(entryRow(entry, id));
					const end = String(entry?.expiresAt === undefined ? '' : Math.ceil(entry.expiresAt));
					const reply = await run('swap', id, [String(revision), memberOf(guard, id), end, ...fields]);
					return reply.written ? 'written' : reply;
				},
			},
			rule,
			await read(),
		);
	});

	async function indexed(digit: string): Promise<Array<{guard: string; id: string}>> {
		const members = await command(indexOf(digit), ['ZRANGE', indexOf(digit), '0', '-1']);
		return members.map(member => ({guard: member.slice(64), id: member.slice(0, 64)}));
	}

	return {
		...step,
		async begin(id, beginning) {
			const {write} = beginRule(undefined, beginning, 0);
			if (write === undefined || write === null) return step.begin(id, beginning);
			const {created_at, lease_until, ...row} = entryRow(write, id);
			const args = [memberOf(row.guard, id), String(lease_until), ...spread(row)];
			const {written, now} = await run('begin', id, args);
			return written ? beginRule(undefined, beginning, now).result : step.begin(id, beginning);
		},
		async answer(id, hold) {
			const {owner, token, answer, retention} = hold;
			const lasting = retention === undefined ? '' : String(Math.ceil(retention));
			const reply = await run('answer', id, [id, owner, String(token), lasting, spelt(packKept(answer))]);
			return reply.written && reply.record ? {status: 'done', entry: reply.record} : step.answer(id, hold);
		},
		async unsettled(guard, limit) {
			const all = (await Promise.all(DIGITS.map(indexed))).flat();
			const own = all.filter(it => it.guard === guardColumn(guard));
			const found = await Promise.all(own.map(async ({id}) => run('read', id, [id])));
			return found
				.flatMap(({record: entry, now}) =>
					entry && entry.expiresAt === undefined && !isAbsent(entry, now) ? {entry, now} : [],
				)
				.toSorted((one, other) => one.entry.createdAt - other.entry.createdAt)
				.slice(0, limit);
		},
		/** Answers have expired by themselves: what is left are runs whose owner has gone. */
		async sweep() {
			let swept = 0;
			for (const digit of DIGITS)
				for (const {guard, id} of await indexed(digit)) {
					const {record, now, revision} = await run('read', id, [id]);
					if (!record || !isAbsent(record, now)) continue;
					const {written} = await run('swap', id, [String(revision), memberOf(guard, id), '']);
					swept += Number(written);
				}

			return swept;
		},
	};
}

type Reply = FoundEntry & {readonly written: boolean};

/** In an index: ids have 64 characters. */
const memberOf = (guard: string, id: string): string => id + guard;

/** By turns name and value, without what is `null`. Text only: what a client makes of bytes is its own affair. */
function spread(row: Partial<EntryRow>): string[] {
	return Object.entries(row).flatMap(([name, value]) =>
		value === null ? [] : [name, value instanceof Uint8Array ? spelt(value) : String(value)],
	);
}

function spelt(bytes: Uint8Array): string {
	return Buffer.from(bytes).toString('base64');
}

function replyOf([written, time, ...fields]: readonly string[], place: string): Reply {
	const row: Record<string, unknown> = {};
	for (let i = 0; i < fields.length; i += 2) row[fields[i] ?? ''] = fields[i + 1];
	const reply = {written: written === '1', now: Number(time), revision: Number(row['revision'] ?? 0)};
	if (fields.length === 0) return {...reply, record: undefined};
	const {answer} = row;
	if (typeof answer === 'string') row['answer'] = new Uint8Array(Buffer.from(answer, 'base64'));
	try {
		return {...reply, record: entryOf(row)};
	} catch (error) {
		throw new TypeError(`what is under ${place}: ${(error as Error).message}`, {cause: error});
	}
}
