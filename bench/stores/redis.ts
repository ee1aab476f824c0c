import {randomBytes, randomUUID} from 'node:crypto';
import {setTimeout} from 'node:timers/promises';
import {Redis} from 'ioredis';
import {redisStore} from 'latchkey/stores/redis';
import {createClient} from 'redis';
import {begunRow, settledFields, type Growth, type Subject} from './subject.ts';

export async function nodeRedisSubject(url: string): Promise<Subject> {
	const client = createClient({url});
	await client.connect();
	const prefix = `bench-${randomUUID()}`;
	return {
		name: 'redis (redis)',
		store: redisStore({client, prefix}),
		async byHand(id) {
			await client.hSet(`${prefix}:hand:${id}`, begunRow(id));
			await client.hSet(`${prefix}:hand:${id}`, settledFields());
		},
		close: async () => {
			client.destroy();
		},
	};
}

export async function ioRedisSubject(url: string): Promise<Subject> {
	const client = new Redis(url);
	const prefix = `bench-${randomUUID()}`;
	return {
		name: 'redis (ioredis)',
		store: redisStore({client, prefix}),
		async byHand(id) {
			await client.hset(`${prefix}:hand:${id}`, begunRow(id));
			await client.hset(`${prefix}:hand:${id}`, settledFields());
		},
		growth: growthOn(client, prefix),
		close: async () => {
			client.disconnect();
		},
	};
}

/** ARGV: when they expire, then their ids. KEYS: the record that is copied. */
const copies = `
local row, at = redis.call('HGETALL', KEYS[1]), tonumber(ARGV[1])
for i = 2, #ARGV do
	local slot = string.gsub(string.match(KEYS[1], '^(.*):op:'), '.}$', string.sub(ARGV[i], 1, 1) .. '}')
	redis.call('HSET', slot .. ':op:' .. ARGV[i], unpack(row))
	redis.call('PEXPIREAT', slot .. ':op:' .. ARGV[i], at)
	redis.call('ZADD', slot .. ':index', at, ARGV[i])
end
`;
const BATCH = 1_000;
const DAY = 86_400_000;

function growthOn(client: Redis, prefix: string): Growth {
	let expired = 0;

	async function copy(count: number, until: number): Promise<void> {
		const [found = ''] = await client.keys(`${prefix}:*:op:*`);
		for (let left = count; left > 0; left -= BATCH) {
			const ids = Array.from({length: Math.min(left, BATCH)}, () => randomBytes(32).toString('hex'));
			await client.eval(copies, 1, found, until, ...ids);
		}
	}

	async function expiredKeys(): Promise<number> {
		return Number(/expired_keys:(\d+)/.exec(await client.info('stats'))?.[1]);
	}

	return {
		fill: async count => copy(count, Date.now() + 90 * DAY),
		// As many more, which expire at one moment.
		async expire(count) {
			expired = (await expiredKeys()) + count;
			const until = Date.now() + count / 10;
			await copy(count, until);
			await setTimeout(until - Date.now());
		},
		// There is nothing to sweep: the engine does it by itself.
		async sweep() {
			while ((await expiredKeys()) < expired) await setTimeout(20);
		},
	};
}
