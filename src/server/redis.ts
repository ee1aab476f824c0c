import {clock, type Clock} from '../clock.ts';
import {shown} from '../shown.ts';
import {time} from '../specs.ts';
import {boundedSender, isRedisClient, keyPrefix, type RedisClient} from '../stores/redis/client.ts';
import {commandsOn, listOf} from '../stores/redis/engine.ts';
import {numeric} from '../stores/row.ts';
import {checkOptions, type OptionSpecs} from '../validate.ts';
import {stepOnEntry, stepsBy, type EntryCell, type FoundEntry} from './compared.ts';
import type {Entry, EntryStore} from './entry.ts';
import {entryScripts} from './redis-scripts.ts';
import {entryIn, spelt, speltAnswer, speltHold} from './redis-value.ts';
import {guardColumn} from './row.ts';
import {answerRule, beginRule, isAbsent} from './rules.ts';

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
 * Keeps the entries of guards in Redis 6 or later, for fleets: a run takes two round trips and a replay one, each a short
 * script, with Redis's own clock. It works on a cluster. Answers expire by themselves; doubts never do.
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

	const cellOf = (id: string): EntryCell => ({
		read: async () => run('read', id, []),
		async write(entry, {revision, record}) {
			const member = memberOf((entry ?? record)?.subject.guard ?? '', id);
			const value = entry
				? [
						String(Math.floor(entry.createdAt)),
						String(Math.ceil(entry.leaseUntil)),
						entry.expiresAt === undefined ? '' : String(Math.ceil(entry.expiresAt)),
						spelt(entry),
					]
				: [];
			const reply = await run('swap', id, [String(revision), member, ...value]);
			return reply.written ? 'written' : reply;
		},
	});
	const steps = stepsBy(async (id, rule) => stepOnEntry(cellOf(id), rule));

	async function indexed(digit: string): Promise<Array<{member: string; guard: string; id: string}>> {
		const members = listOf(await command(indexOf(digit), ['SMEMBERS', indexOf(digit)]));
		return members.map(member => ({member, guard: member.slice(64), id: member.slice(0, 64)}));
	}

	return {
		...steps,
		async begin(id, beginning) {
			const rule = (entry: Entry | undefined, now: number) => beginRule(entry, beginning, now);
			const args = [String(Math.ceil(beginning.lease)), spelt(rule(undefined, 0).result.entry)];
			const reply = await run('begin', id, args);
			return reply.written ? rule(undefined, reply.now).result : stepOnEntry(cellOf(id), rule, reply);
		},
		async answer(id, hold) {
			const {token, answer, retention} = hold;
			// What was taken over is kept from now, and not from its beginning.
			if (token !== 1) return steps.answer(id, hold);
			const lasting = retention === undefined ? '' : String(Math.ceil(retention));
			const reply = await run('answer', id, [speltHold(hold), lasting, speltAnswer(answer)]);
			if (reply.written) return {status: 'done'};
			return stepOnEntry(cellOf(id), (entry, now) => answerRule(entry, hold, now), reply);
		},
		async unsettled(guard, limit) {
			const all = (await Promise.all(DIGITS.map(indexed))).flat();
			const own = all.filter(it => it.guard === guardColumn(guard));
			const found = await Promise.all(own.map(async ({id}) => run('read', id, [])));
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
				for (const {member, id} of await indexed(digit)) {
					const {record, now, revision} = await run('read', id, []);
					if (!record || !isAbsent(record, now)) continue;
					const {written} = await run('swap', id, [String(revision), member]);
					swept += Number(written);
				}

			return swept;
		},
	};
}

type Reply = FoundEntry & {readonly written: boolean};

/** In an index: ids have 64 characters. */
const memberOf = (guard: string, id: string): string => id + guardColumn(guard);

function replyOf(reply: unknown, place: string): Reply {
	const text = String(reply);
	const at = text.indexOf('\n');
	const written = at < 0;
	const now = numeric(written ? text : text.slice(0, at));
	if (Number.isNaN(now)) throw new TypeError(`the Redis client gave ${shown(reply)} where a time was to come`);
	const value = written ? '' : text.slice(at + 1);
	if (value === '') return {written, now, revision: 0, record: undefined};
	try {
		return {written, now, ...entryIn(value)};
	} catch (error) {
		throw new TypeError(`what is under ${place}: ${(error as Error).message}`, {cause: error});
	}
}
