import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import type {EntryStore, KeptAnswer} from '../../src/server/entry.ts';
import {redisEntries} from '../../src/server/redis.ts';
import {adapter, ioredis, nodeRedis} from '../stores/redis-clients.ts';
import {anyRedis, type RedisEngine} from '../support/redis-server.ts';
import {asked} from './redis-asked.ts';

const ID = 'a'.repeat(64);
const DAY = 86_400_000;
const PAID = {status: 201, statusText: 'Created', headers: [['x-note', 'é "quoted" \ud800']]} as const;

let engine: RedisEngine;
beforeAll(async () => {
	engine = await anyRedis();
});
afterAll(async () => engine.close());

/** One body under a key, as a repeat finds it. */
async function again(store: EntryStore, body: KeptAnswer['body']): Promise<KeptAnswer | undefined> {
	const {entry} = await store.begin(ID, asked());
	const {owner, token} = entry;
	expect(await store.answer(ID, {owner, token, answer: {...PAID, body}, retention: DAY})).toEqual({status: 'done'});
	return (await store.begin(ID, asked({}, {owner: 'bob'}))).entry.answer;
}

const utf8 = (text: string) => new TextEncoder().encode(text);
const bodies: ReadonlyArray<readonly [string, KeptAnswer['body']]> = [
	['none', null],
	['empty', new Uint8Array()],
	['JSON', utf8('{"paid":true,"by":"Zoë 💶"}')],
	['lines that look like an entry', utf8('}\n{"version":1,"revision":1}\n\n')],
	['a text that looks like base64', utf8('aGVsbG8=')],
	['a byte order mark', new Uint8Array([0xef, 0xbb, 0xbf, 0x61, 0xef, 0xbb, 0xbf])],
	['NUL', new Uint8Array([0, 0x61, 0, 0])],
	['a carriage return at the end', utf8('a\r\n')],
	['half a surrogate pair', new Uint8Array([0x61, 0xed, 0xa0, 0x80])],
	['an overlong NUL', new Uint8Array([0xc0, 0x80])],
	['a character that is cut', new Uint8Array([0xf0, 0x9f, 0x92])],
	['all bytes', Uint8Array.from({length: 256}, (_, i) => i)],
	['the sign of what is no character', utf8('\ufffd')],
	['a view of something larger', utf8('-- a body --').subarray(3, 9)],
];

describe.each([
	['node-redis', nodeRedis],
	['ioredis', ioredis],
	['an adapter', adapter],
])('bodies by %s', (_, connect) => {
	test.each(bodies)('%s: byte for byte', async (__, body) => {
		const {client, close} = await connect(engine.url);
		const kept = await again(redisEntries({client, prefix: engine.freshPrefix()}), body);
		expect(kept?.body && [...kept.body]).toEqual(body && [...body]);
		expect(kept).toMatchObject(PAID);
		close();
	});

	test.each([
		['text', 0x7a],
		['bytes that are none', 0xff],
	])('10 MB of %s', async (__, byte) => {
		const {client, close} = await connect(engine.url);
		const body = new Uint8Array(10_000_000).fill(0x61).fill(byte, 9_999_000);
		const kept = await again(redisEntries({client, prefix: engine.freshPrefix(), commandTimeout: 30_000}), body);
		expect(Buffer.compare(kept?.body as Uint8Array, body)).toBe(0);
		close();
	});
});

async function open() {
	const {client, close} = await nodeRedis(engine.url);
	const prefix = engine.freshPrefix();
	const place = `${prefix}:{guard:a}:entry:${ID}`;
	return {client, close, place, index: `${prefix}:{guard:a}:unsettled`, store: redisEntries({client, prefix})};
}

test('a body that is text is text in Redis, too', async () => {
	const {client, store, place, close} = await open();
	await again(store, utf8('{"paid":true}'));
	expect(await client.get(place)).toMatch(/^\{"version":1,.*\}\n\{"paid":true\}$/);
	close();
});

test('in whatever order the parts of a subject are given, it is indexed under its guard', async () => {
	const {client, store, index, close} = await open();
	const {guard, scope, method, path, key} = asked().subject;
	const {entry} = await store.begin(ID, asked({}, {subject: {key, path, method, scope, guard}}));
	expect(await client.sMembers(index)).toEqual([`${ID}"shop"`]);
	await store.answer(ID, {...entry, answer: {...PAID, body: null}, retention: DAY});
	expect(await client.exists(index)).toBe(0);
	close();
});

const names = [
	'","scope":',
	'"subject":{"guard":"x","scope":',
	'","owner":"","token":1,',
	'\\',
	'\\"',
	'a\nb\r\n',
	'\0',
	'\ud800',
	'%d %s ()',
	'Zoë 💶',
	'',
];

test.each(names)('a guard, a scope, a path, a key and a fingerprint of %j', async name => {
	const {client, store, place, index, close} = await open();
	const beginning = asked({guard: name, scope: name, path: name, key: name}, {fingerprint: name});
	const {entry} = await store.begin(ID, beginning);
	expect(await store.unsettled(name, 10)).toMatchObject([{entry: {subject: beginning.subject}}]);
	expect(await store.unsettled(`${name}!`, 10)).toEqual([]);
	await store.answer(ID, {...entry, answer: {...PAID, body: null}, retention: DAY});
	expect(await store.begin(ID, {...beginning, owner: 'bob'})).toMatchObject({
		status: 'answered',
		entry: {subject: beginning.subject, fingerprint: name, owner: ''},
	});
	expect(await client.exists(index)).toBe(0);
	expect(await client.pTTL(place)).toBeGreaterThan(DAY - 60_000);
	close();
});

test.each(names.filter(name => name !== ''))(
	'an owner of the name %j holds its own, and nobody else does',
	async owner => {
		const {store, close} = await open();
		const {entry} = await store.begin(ID, asked({}, {owner}));
		const answer = {...PAID, body: null};
		for (const other of [`${owner}!`, owner.slice(1), 'bob', ''])
			expect(await store.answer(ID, {owner: other, token: 1, answer, retention: DAY})).toEqual({status: 'lost'});
		expect(await store.begin(ID, asked({}, {owner}))).toMatchObject({
			status: 'begun',
			entry: {...entry, leaseUntil: expect.any(Number) as number},
		});
		expect(await store.answer(ID, {owner, token: 1, answer, retention: DAY})).toEqual({status: 'done'});
		close();
	},
);

test('an entry is in the index until it is settled, and expires only then', async () => {
	const {client, store, place, index, close} = await open();
	const times = async () => [await client.sCard(index), await client.pTTL(place)];
	const {entry} = await store.begin(ID, asked());
	expect(await times()).toEqual([1, -1]);
	await store.answer(ID, {...entry, answer: {...PAID, body: null}, retention: undefined});
	expect(await times()).toEqual([1, -1]);
	await store.resolve(ID, 'undone');
	expect(await times()).toEqual([0, -2]);
	close();
});

test('a repeat takes one round trip, whatever it finds', async () => {
	const {client, sent, close} = await adapter(engine.url);
	const store = redisEntries({client, prefix: engine.freshPrefix()});
	await again(store, null);
	sent.splice(0);
	expect((await store.begin(ID, asked())).status).toBe('answered');
	expect((await store.begin(ID, asked({}, {fingerprint: 'print-2'}))).status).toBe('reused');
	expect(sent).toEqual(['EVALSHA', 'EVALSHA']);
	close();
});

describe('what is no entry of this release', () => {
	const damages: ReadonlyArray<readonly [string, (value: string) => string]> = [
		['another version', value => value.replace('"version":1', '"version":2')],
		['no JSON', () => 'x'],
		['other JSON', () => 'null\n'],
		['no more than a number', () => '7'],
		['no line break', value => value.trim()],
		['the half of it', value => value.slice(0, 60)],
		['a state that is unknown', value => value.replace('"running"', '"gone"')],
		['an answer that is missing', value => value.replace('"running"', '"answered"')],
		['an owner that is none', value => value.replace('"ann"', 'null')],
		['a time that is a text', value => value.replace(/"leaseUntil":(\d+)/, '"leaseUntil":"$1"')],
		['no revision', value => value.replace(/"revision":\d+,/, '')],
		['nobody knows whether it acted', value => value.replace('"mayHaveActed":true', '"mayHaveActed":1')],
		['no subject', value => value.replace('"subject"', '"object"')],
	];

	test.each(damages)('%s: refused, and left as it is', async (_, damage) => {
		const {client, store, place, close} = await open();
		const {entry} = await store.begin(ID, asked());
		const damaged = damage((await client.get(place)) ?? '');
		await client.set(place, damaged);
		const told = `what is under ${place}: an entry of a guard cannot be read`;
		const hold = {owner: entry.owner, token: 1};
		const steps = [
			async () => store.begin(ID, asked()),
			async () => store.begin(ID, asked({}, {owner: 'bob', onLapsed: 'reexecute'})),
			async () => store.renew(ID, {...hold, lease: 1_000}),
			async () => store.release(ID, {...hold, as: 'free'}),
			async () => store.resolve(ID, 'undone'),
			async () => store.unsettled('shop', 10),
			async () => store.sweep(),
			async () => store.answer(ID, {...hold, answer: {...PAID, body: null}, retention: DAY}),
		];
		for (const step of steps) await expect(step()).rejects.toThrow(told);
		expect(await client.get(place)).toBe(damaged);
		close();
	});

	test('a hash: refused, and left as it is', async () => {
		const {client, store, place, close} = await open();
		await client.hSet(place, 'version', '1');
		await expect(store.begin(ID, asked())).rejects.toThrow(/^Redis: WRONGTYPE .*: something else is kept under a key/);
		expect(await client.hGetAll(place)).toEqual({version: '1'});
		close();
	});
});

test.each([undefined, null, '', 'OK', [], ['1', '2'], {}, Number.NaN, true])(
	'a client that answers a script with %o is not believed',
	async reply => {
		const store = redisEntries({client: {send: async () => reply}});
		await expect((async () => store.begin(ID, asked()))()).rejects.toThrow('where a time was to come');
	},
);

test('numbers as text, texts as bytes and lists as sets are understood', async () => {
	const {client, close} = await nodeRedis(engine.url);
	const shape = (reply: unknown) =>
		typeof reply === 'number' ? String(reply) : Array.isArray(reply) ? new Set(reply) : Buffer.from(reply as string);
	const send = async (_: string, args: readonly string[]) => shape(await client.sendCommand([...args]));
	const store = redisEntries({client: {send}, prefix: engine.freshPrefix()});
	expect((await store.begin(ID, asked())).status).toBe('begun');
	expect(await store.unsettled('shop', 10)).toHaveLength(1);
	expect((await again(store, utf8('Zoë')))?.body).toEqual(Buffer.from('Zoë'));
	close();
});
