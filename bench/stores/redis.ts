import {randomBytes, randomUUID} from 'node:crypto';
import {setTimeout} from 'node:timers/promises';
import {Redis} from 'ioredis';
import {redisStore} from 'latchkey/stores/redis';
import {createClient} from 'redis';
import {begunRow, settledFields, type Growth, type Subject} from './subject.ts';

/** Writes by hand that overwrite nobody: a record that is not there, and one whose owner comes first in ARGV. */
const insert = `
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
return redis.call('HSET', KEYS[1], unpack(ARGV))
`;
const update = `
if redis.call('HGET', KEYS[1], 'owner') ~= ARGV[1] then return 0 end
return redis.call('HSET', KEYS[1], unpack(ARGV, 2))
`;

export async function nodeRedisSubject(url: string): Promise<Subject> {
	const client = createClient({url});
	await client.connect();
	const prefix = `bench-${randomUUID()}`;
	const [begin, settle] = [await client.scriptLoad(insert), await client.scriptLoad(update)];
	return {
		name: 'redis (redis)',
		store: redisStore({client, prefix}),
		async byHand(id) {
			await client.hSet(`${prefix}:hand:${id}`, begunRow(id));
			await client.hSet(`${prefix}:hand:${id}`, settledFields());
		},
		async byScript(id) {
			const [keys, row] = [[`${prefix}:hand:${id}`], begunRow(id)];
			await client.evalSha(begin, {keys, arguments: Object.entries(row).flat()});
			await client.evalSha(settle, {keys, arguments: [row.owner, ...Object.entries(settledFields()).flat()]});
		},
		close: async () => {
			client.destroy();
		},
	};
}

export async function ioRedisSubject(url: string): Promise<Subject> {
	const client = new Redis(url);
	const prefix = `bench-${randomUUID()}`;
	const load = async (text: string) => String(await client.script('LOAD', text));
	const [begin, settle] = [await load(insert), await load(update)];
	return {
		name: 'redis (ioredis)',
		store: redisStore({client, prefix}),
		async byHand(id) {
			await client.hset(`${prefix}:hand:${id}`, begunRow(id));
			await client.hset(`${prefix}:hand:${id}`, settledFields());
		},
		async byScript(id) {
			const [key, row] = [`${prefix}:hand:${id}`, begunRow(id)];
			await client.evalsha(begin, 1, key, ...Object.entries(row).flat());
			await client.evalsha(settle, 1, key, row.owner, ...Object.entries(settledFields()).flat());
		},
		growth: growthOn(client, prefix),
		close: async () => {
			client.disconnect();
		},
	};
}

/** Copies the record KEYS[1] under the ids in ARGV, with its place in the index. */
const copies = `
local row = redis.call('HGETALL', KEYS[1])
for _, id in ipairs(ARGV) do
	local slot = string.gsub(string.match(KEYS[1], '^(.*):op:'), '.}$', string.sub(id, 1, 1) .. '}')
	redis.call('HSET', slot .. ':op:' .. id, unpack(row))
	redis.call('ZADD', slot .. ':index', 9e15, id)
end
`;
/** Lets the records under the ids in ARGV, beside KEYS[1], expire at the time that comes first in ARGV. */
const expiries = `
for i = 2, #ARGV do
	local slot = string.gsub(string.match(KEYS[1], '^(.*):op:'), '.}$', string.sub(ARGV[i], 1, 1) .. '}')
	redis.call('PEXPIREAT', slot .. ':op:' .. ARGV[i], ARGV[1])
end
`;
const BATCH = 1_000;

function growthOn(client: Redis, prefix: string): Growth {
	let ids: string[] = [];
	let expired = 0;

	async function inBatches(script: string, count: number, ...args: readonly number[]): Promise<void> {
		const [found = ''] = await client.keys(`${prefix}:*:op:*`);
		for (let i = 0; i < count; i += BATCH)
			await client.eval(script, 1, found, ...args, ...ids.slice(i, Math.min(i + BATCH, count)));
	}

	async function expiredKeys(): Promise<number> {
		return Number(/expired_keys:(\d+)/.exec(await client.info('stats'))?.[1]);
	}

	return {
		async fill(count) {
			ids = Array.from({length: count}, () => randomBytes(32).toString('hex'));
			await inBatches(copies, count);
		},
		async expire(count) {
			expired = (await expiredKeys()) + count;
			const at = Date.now() + count / 10;
			await inBatches(expiries, count, at);
			// What is told to expire in the past is deleted at once, and not counted.
			if (Date.now() > at) throw new Error('Redis is too slow to let so many records expire at one moment');
			await setTimeout(at - Date.now());
		},
		// There is nothing to sweep: the engine does it by itself.
		async sweep() {
			while ((await expiredKeys()) < expired) await setTimeout(20);
		},
	};
}
