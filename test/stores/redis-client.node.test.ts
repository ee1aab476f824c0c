import {describe, expect, test} from 'vitest';
import {boundedSender, type RedisClient} from '../../src/stores/redis/client.ts';
import {virtualEnvironment} from '../support/virtual-environment.ts';

type Sent = readonly unknown[];

/** A client of each kind that answers `told`, and what it was given. */
function clientsOf(told: () => Promise<unknown>) {
	const given: Sent[] = [];
	const hear = async (...args: Sent) => {
		given.push(args);
		return told();
	};
	const signal = expect.any(AbortSignal) as unknown;
	const clients: Array<[string, RedisClient, Sent]> = [
		['an adapter', {send: hear}, ['k', ['GET', 'k']]],
		['ioredis', {call: hear}, ['GET', ['k']]],
		['node-redis', {sendCommand: hear}, [['GET', 'k'], {abortSignal: signal, timeout: 0}]],
		[
			"node-redis' cluster",
			{nodeByAddress: new Map(), sendCommand: hear},
			['k', false, ['GET', 'k'], {abortSignal: signal, timeout: 0}],
		],
	];
	return {clients, given};
}

const names = clientsOf(async () => 'told').clients.map(([name]) => name);

function open(name: string, told: () => Promise<unknown>) {
	const environment = virtualEnvironment();
	const {clients, given} = clientsOf(told);
	const [, client, expected] = clients.find(([one]) => one === name)!;
	return {environment, given, expected, send: boundedSender(environment, client, 1_000)};
}

describe.each(names)('a command by %s', name => {
	test('is given to it without a time-out of its own', async () => {
		const {send, given, expected, environment} = open(name, async () => 'told');
		expect(await send('k', ['GET', 'k'])).toBe('told');
		expect(given).toEqual([expected]);
		await environment.settle();
		expect(environment.timers()).toBe(0);
	});

	test('that throws at once leaves no timer', async () => {
		const environment = virtualEnvironment();
		const [, client] = clientsOf(async () => 'told').clients.find(([one]) => one === name)!;
		const closed = () => {
			throw new Error('closed');
		};
		const broken = Object.fromEntries(
			Object.entries(client).map(([key, value]) => [key, typeof value === 'function' ? closed : value]),
		) as RedisClient;
		await expect(boundedSender(environment, broken, 1_000)('k', ['GET', 'k'])).rejects.toThrow('closed');
		expect(environment.timers()).toBe(0);
	});

	test('is bounded in time, and called off where it can be', async () => {
		const {send, given, environment} = open(name, async () => new Promise(() => undefined));
		const sent = send('k', ['GET', 'k']);
		const failed = sent.catch(String);
		await environment.advance(999);
		const signals = given.flat().flatMap(one => (one as {abortSignal?: AbortSignal}).abortSignal ?? []);
		expect(signals.map(({aborted}) => aborted)).toEqual(name.startsWith('node-redis') ? [false] : []);
		await environment.advance(1);
		expect(await failed).toContain('no answer within 1000 ms; is the server up');
		expect(signals.every(({aborted}) => aborted)).toBe(true);
	});
});
