import {execFile, spawn, type ChildProcess} from 'node:child_process';
import {randomUUID} from 'node:crypto';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {createClient} from 'redis';
import {freePort} from './free-port.ts';
import {cleanUpAfter} from './undertaker.ts';

export type RedisServer = {
	readonly port: number;
	readonly url: string;
	/** Kills it, as a crash would. */
	readonly kill: () => Promise<void>;
	/** It holds its connections, and answers nothing. */
	readonly freeze: () => void;
	readonly thaw: () => void;
	/** Starts it again on the same port, with what it had on disk. */
	readonly restart: () => Promise<void>;
	/** Ends it, and removes what it wrote. */
	readonly close: () => Promise<void>;
};

export type RedisEngine = Pick<RedisServer, 'url' | 'close'> & {
	/** Nobody else's, even where others are at work; what is under it is gone after `close`. */
	readonly freshPrefix: () => string;
};

export type RedisCluster = {
	readonly urls: readonly string[];
	readonly close: () => Promise<void>;
};

/** The engine for tests that leave it running: that of `REDIS_URL`, or one of its own. */
export async function anyRedis(): Promise<RedisEngine> {
	const shared = process.env['REDIS_URL'];
	const root = `test-${randomUUID()}`;
	let count = 0;
	const freshPrefix = () => `${root}-${++count}`;
	if (!shared) return {...(await startRedis('--appendonly', 'no')), freshPrefix};
	return {
		url: shared,
		freshPrefix,
		async close() {
			const client = await createClient({url: shared}).connect();
			for await (const keys of client.scanIterator({MATCH: `${root}-*`})) await client.unlink(keys);
			client.destroy();
		},
	};
}

/** A `redis-server` on a free loopback port. Unless told otherwise, it keeps every write on disk before it answers. */
export async function startRedis(...args: readonly string[]): Promise<RedisServer> {
	const dir = await mkdtemp(join(tmpdir(), 'latchkey-redis-'));
	const cleanUp = cleanUpAfter({folder: dir, pidFile: 'pid', signal: 'TERM'});
	const port = await freePort();
	const place = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--pidfile', join(dir, 'pid')];
	const durable = ['--save', '', '--appendonly', 'yes', '--appendfsync', 'always'];
	const all = [...place, ...durable, ...args];
	let running = await run(all);

	async function kill(): Promise<void> {
		await end(running);
		// The system may give the number to another one.
		await rm(join(dir, 'pid'), {force: true});
	}

	return {
		port,
		url: `redis://127.0.0.1:${port}`,
		kill,
		freeze: () => running.kill('SIGSTOP'),
		thaw: () => running.kill('SIGCONT'),
		async restart() {
			running = await run(all);
		},
		async close() {
			await kill();
			await cleanUp();
		},
	};
}

/** Three nodes that share the slots. */
export async function startRedisCluster(): Promise<RedisCluster> {
	const nodes = await Promise.all(
		[0, 1, 2].map(async () => {
			const bus = await freePort();
			return startRedis('--appendonly', 'no', '--cluster-enabled', 'yes', '--cluster-port', String(bus));
		}),
	);
	const addresses = nodes.map(({port}) => `127.0.0.1:${port}`);
	await cli('--cluster', 'create', ...addresses, '--cluster-yes');
	// A node that has joined serves nobody for a moment yet.
	for (const {port} of nodes) while (!(await cli('-p', String(port), 'cluster', 'info')).includes('cluster_state:ok'));
	return {
		urls: nodes.map(({url}) => url),
		async close() {
			await Promise.all(nodes.map(async ({close}) => close()));
		},
	};
}

async function cli(...args: readonly string[]): Promise<string> {
	return (await promisify(execFile)('redis-cli', args)).stdout;
}

async function run(args: readonly string[]): Promise<ChildProcess> {
	const server = spawn('redis-server', args, {stdio: ['ignore', 'pipe', 'pipe']});
	let said = '';
	await new Promise<void>((resolve, reject) => {
		server.once('error', error => {
			reject(new Error('redis-server cannot be started: install it, or set REDIS_URL', {cause: error}));
		});
		server.once('exit', code => {
			reject(new Error(`redis-server ended with ${code}:\n${said}`));
		});
		server.stdout.on('data', (data: Buffer) => {
			said += data.toString();
			if (said.includes('Ready to accept connections')) resolve();
		});
	});
	return server;
}

async function end(server: ChildProcess): Promise<void> {
	if (server.exitCode !== null || server.signalCode !== null) return;
	const ended = new Promise(resolve => {
		server.once('exit', resolve);
	});
	server.kill('SIGKILL');
	await ended;
}
