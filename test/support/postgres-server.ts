import {mkdtemp} from 'node:fs/promises';
import {join} from 'node:path';
import {freePort} from './free-port.ts';
import {initialise, type PostgresEngine} from './postgres-engine.ts';
import {temporaryFiles} from './temporary-files.ts';
import {cleanUpAfter} from './undertaker.ts';

export type PostgresServer = {
	/** A connection string. */
	readonly url: string;
	/** Stops the engine; its data stay. */
	stop(): Promise<void>;
	/** Starts it again, on the same port and data. */
	start(): Promise<void>;
	/** Stops it for good, and leaves nothing behind. */
	remove(): Promise<void>;
};

/** The engine that `DATABASE_URL` names, or a new one. For tests that only need some engine. */
export async function somePostgres(...flags: readonly string[]): Promise<Pick<PostgresServer, 'url' | 'remove'>> {
	const url = process.env['DATABASE_URL'];
	return url ? {url, remove: async () => undefined} : startPostgres(...flags);
}

/** A server on a free loopback port. Unless told otherwise, it leaves it to the system when a commit reaches the disk. */
export async function startPostgres(...flags: readonly string[]): Promise<PostgresServer> {
	const folder = await mkdtemp(join(temporaryFiles(), 'latchkey-postgres-'));
	const cleanUp = cleanUpAfter({folder, pidFile: 'data/postmaster.pid', signal: 'QUIT'});
	const port = await freePort();
	let engine: PostgresEngine | undefined;

	async function remove(): Promise<void> {
		await engine?.stop();
		await cleanUp();
	}

	try {
		const address = ['-h', '127.0.0.1', '-p', String(port), '-c', 'unix_socket_directories='];
		const started = await initialise(
			folder,
			['--no-sync', '--encoding=UTF8'],
			[...address, '-c', 'fsync=off', ...flags],
		);
		engine = started;
		await started.start();
		return {
			url: `postgres://postgres:password@127.0.0.1:${port}/postgres`,
			stop: async () => started.stop(),
			start: async () => started.start(),
			remove,
		};
	} catch (error) {
		await remove();
		throw error;
	}
}
