import {createClient} from 'redis';
import type {OperationRecord} from '../../src/operation/record.ts';
import type {Store} from '../../src/stores/store.ts';

const script = `
local ms = tonumber(ARGV[1])
local function text(number) return string.format('%.17g', number) end
local kind = redis.call('TYPE', KEYS[1]).ok
if kind == 'hash' then
	for _, field in ipairs({'created_at', 'updated_at', 'lease_until', 'key_until', 'keep_until', 'answer_until', 'expires_at'}) do
		local time = redis.call('HGET', KEYS[1], field)
		if time and time ~= '0' then redis.call('HSET', KEYS[1], field, text(time - ms)) end
	end
elseif kind == 'string' and string.find(KEYS[1], ':entry:', 1, true) then
	local head, body = string.match(redis.call('GET', KEYS[1]), '^([^\\n]*)(.*)$')
	for _, field in ipairs({'createdAt', 'leaseUntil', 'expiresAt'}) do
		head = string.gsub(head, '"' .. field .. '":(%d%d+)', function(time) return '"' .. field .. '":' .. text(time - ms) end)
	end
	redis.call('SET', KEYS[1], head .. body, 'KEEPTTL')
elseif kind == 'zset' then
	local members = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
	for i = 1, #members, 2 do
		if members[i + 1] ~= 'inf' then redis.call('ZADD', KEYS[1], text(members[i + 1] - ms), members[i]) end
	end
end
local left = redis.call('PTTL', KEYS[1])
if left >= 0 then redis.call('PEXPIRE', KEYS[1], text(left - ms)) end
`;

/** How much real time may pass between a step and a look at it, in milliseconds. */
const SLACK = 5_000;

export type Aging = {
	/** Lets time pass for all keys of the store: each is made that much older. */
	readonly elapse: (ms: number) => Promise<void>;
	/** The store as a clock that was moved on by that would have it: what was written keeps its times. */
	readonly seen: (store: Store) => Store;
};

/** Redis's clock cannot be moved, so the rows are made older. */
export function agingOn(urls: readonly string[], prefix: string): Aging {
	let aged = 0;
	let owed = 0;

	async function age(ms: number): Promise<void> {
		aged += ms;
		for (const url of urls) {
			const client = await createClient({url}).connect();
			const keys = await client.keys(`${prefix}:*`);
			await Promise.all(keys.map(async key => client.eval(script, {keys: [key], arguments: [String(ms)]})));
			client.destroy();
		}
	}

	const moved = (record: OperationRecord): OperationRecord => ({
		...record,
		createdAt: record.createdAt + aged,
		updatedAt: record.updatedAt + aged,
		leaseUntil: record.leaseUntil && record.leaseUntil + aged,
		keyUntil: record.keyUntil + aged,
		...(record.keepUntil !== undefined && {keepUntil: record.keepUntil + aged}),
		...(record.answerUntil !== undefined && {answerUntil: record.answerUntil + aged}),
	});
	const given = <R extends {record?: OperationRecord}>(result: R): R =>
		result.record === undefined ? result : {...result, record: moved(result.record)};

	return {
		async elapse(ms) {
			// A millisecond short of something: real time passes, too.
			const short = ms > SLACK && ms % 1_000 === 999 ? SLACK : 0;
			await age(ms + owed - short);
			owed = short;
		},
		seen: store => ({
			...store,
			async claim(id, claim) {
				const result = await store.claim(id, claim);
				const now = result.now + aged;
				return result.status === 'key-used' ? {...result, now} : {...given(result), now};
			},
			renew: async (id, renewal) => given(await store.renew(id, renewal)),
			settle: async (id, settlement) => given(await store.settle(id, settlement)),
			forget: async (id, freeing) => given(await store.forget(id, freeing)),
			list: async (...of) =>
				(await store.list(...of)).map(({record, now}) => ({record: moved(record), now: now + aged})),
		}),
	};
}
