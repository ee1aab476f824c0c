import {Cluster, Redis} from 'ioredis';
import {createClient, createCluster} from 'redis';
import type {RedisClient, RedisSender} from '../../src/stores/redis.ts';

/** A client that is connected, and the way to be rid of it. */
export type Connection<C extends RedisClient = RedisClient> = {readonly client: C; readonly close: () => void};

export async function nodeRedis(url: string) {
	const client = createClient({url, socket: {reconnectStrategy: 20}}).on('error', () => undefined);
	await client.connect();
	return {
		client,
		isReady: () => client.isReady,
		close() {
			client.destroy();
		},
	};
}

export async function nodeRedisCluster(urls: readonly string[]) {
	const client = createCluster({rootNodes: urls.map(url => ({url}))}).on('error', () => undefined);
	await client.connect();
	return {
		client,
		close() {
			client.destroy();
		},
	};
}

export async function ioredisCluster(urls: readonly string[]) {
	const client = new Cluster([...urls]).on('error', () => undefined);
	await client.ping();
	return {
		client,
		close() {
			client.disconnect();
		},
	};
}

export async function ioredis(url: string) {
	const client = new Redis(url, {retryStrategy: () => 20, maxRetriesPerRequest: null}).on('error', () => undefined);
	await client.ping();
	return {
		client,
		isReady: () => client.status === 'ready',
		close() {
			client.disconnect();
		},
	};
}

export type Counting = Connection<RedisSender> & {
	/** The commands that were sent, in order. */
	readonly sent: string[];
};

/** An adapter of one's own, around node-redis. */
export async function adapter(url: string): Promise<Counting> {
	const {client, close} = await nodeRedis(url);
	const sent: string[] = [];
	return {
		sent,
		client: {
			async send(_, args) {
				sent.push(args[0] ?? '');
				return client.sendCommand([...args]);
			},
		},
		close,
	};
}
