import type {Environment} from '../../environment.ts';
import type {OptionSpec} from '../../validate.ts';

/** Anything that sends one command and gives back its reply. `key` is one of the command's keys, for routing. */
export type RedisSender = {
	readonly send: (key: string, args: readonly string[]) => Promise<unknown>;
};

/** What is used of `ioredis`: a `Redis` or a `Cluster`. */
export type IoRedisClient = {
	call(command: string, args: string[]): Promise<unknown>;
};

/** What is used of `redis`: a client or a pool. */
export type NodeRedisClient = {
	sendCommand(args: string[], options: NodeRedisCommandOptions): Promise<unknown>;
};

/** What is used of `redis`: a cluster. */
export type NodeRedisCluster = {
	readonly nodeByAddress: unknown;
	sendCommand(
		firstKey: string,
		isReadonly: boolean,
		args: string[],
		options: NodeRedisCommandOptions,
	): Promise<unknown>;
};

/** `timeout`: of the client, in milliseconds; `0` is none, because the store has its own. */
export type NodeRedisCommandOptions = {readonly abortSignal: AbortSignal; readonly timeout: number};

export type RedisClient = RedisSender | IoRedisClient | NodeRedisClient | NodeRedisCluster;

export function isRedisClient(value: unknown): value is RedisClient {
	// A class or a factory is none, and functions have a `call`, too.
	return (
		typeof value === 'object' &&
		value !== null &&
		['send', 'call', 'sendCommand'].some(method => typeof (value as Record<string, unknown>)[method] === 'function')
	);
}

/** Commands by that client, each bounded in time: clients keep them for as long as there is no connection. */
export function boundedSender(
	{timer}: Pick<Environment, 'timer'>,
	client: RedisClient,
	timeout: number,
): RedisSender['send'] {
	const send = senderOf(client);
	return (key, args) =>
		new Promise((resolve, reject) => {
			const late = new AbortController();
			const cancel = timer(() => {
				reject(new Error(`no answer within ${timeout} ms; is the server up, and the client connected to it?`));
				late.abort();
			}, timeout);
			send(key, args, late.signal).then(
				reply => {
					cancel();
					resolve(reply);
				},
				(error: unknown) => {
					cancel();
					reject(error);
				},
			);
		});
}

/** All clients alike. When the signal aborts, nobody waits any more. */
function senderOf(
	client: RedisClient,
): (key: string, args: readonly string[], signal: AbortSignal) => Promise<unknown> {
	if ('send' in client) return async (key, args) => client.send(key, args);
	if ('call' in client) return async (_, [command = '', ...args]) => client.call(command, args);
	// What node-redis has not written yet it then never writes: otherwise it would, whenever it is connected again.
	if ('nodeByAddress' in client)
		return async (key, args, abortSignal) => client.sendCommand(key, false, [...args], {abortSignal, timeout: 0});
	return async (_, args, abortSignal) => client.sendCommand([...args], {abortSignal, timeout: 0});
}

/** What all keys may begin with. Braces would decide the slot of a key. */
export const keyPrefix: OptionSpec = {
	expects: '1 to 100 characters without spaces and braces',
	test: value => typeof value === 'string' && /^[^\s{}]{1,100}$/.test(value),
};
