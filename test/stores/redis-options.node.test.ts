import {expect, test} from 'vitest';
import {redisStore, type RedisStoreOptions} from '../../src/stores/redis.ts';

const client = {send: async () => []};

test.each([
	['no options', undefined, 'client takes a connected redis or ioredis client, or {send}, not undefined'],
	['no client', {}, 'client takes a connected redis or ioredis client, or {send}, not undefined'],
	['an address', {client: 'redis://localhost'}, 'not "redis://localhost"'],
	['a factory', {client: () => client}, 'not a function'],
	['something else', {client: {get: () => 1}}, 'not an object'],
	['an empty prefix', {client, prefix: ''}, 'prefix takes 1 to 100 characters without spaces and braces, not ""'],
	['a prefix with braces', {client, prefix: '{a}'}, 'prefix takes'],
	['a long prefix', {client, prefix: 'x'.repeat(101)}, 'prefix takes'],
	['a prefix that is no text', {client, prefix: 7}, 'prefix takes'],
	['a lease that is no time', {client, lease: '10s'}, 'lease takes milliseconds'],
])('%s: a TypeError that names the option', (_, options, message) => {
	const make = () => redisStore(options as unknown as RedisStoreOptions);
	expect(make).toThrow(TypeError);
	expect(make).toThrow(message);
});

test.each([
	['lease', Number.NaN],
	['lease', 0],
	['lease', Number.POSITIVE_INFINITY],
	['commandTimeout', -1],
	['commandTimeout', 2 ** 31],
])('%s of %d: a RangeError that names it', (option, value) => {
	const make = () => redisStore({client, [option]: value});
	expect(make).toThrow(RangeError);
	expect(make).toThrow(`latchkey: ${option} takes milliseconds above 0`);
});

test('a claim lasts ten seconds without a renewal, unless told otherwise', () => {
	expect(redisStore({client}).lease).toBe(10_000);
	expect(redisStore({client, lease: 3_000}).lease).toBe(3_000);
});
