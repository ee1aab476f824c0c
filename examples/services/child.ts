import {fork, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {fileURLToPath} from 'node:url';

/** A service in a process of its own. */
export type Child = {
	/** Where it listens, once it does; `undefined` while it is down. */
	readonly port: () => Promise<number> | undefined;
	readonly start: () => Promise<void>;
	/** At once, whatever it is doing. */
	readonly kill: () => Promise<void>;
	readonly restart: () => Promise<void>;
};

export function childOf(file: string, ...given: string[]): Child {
	const path = fileURLToPath(new URL(file, import.meta.url));
	const execArgv = ['--conditions=latchkey-source', '--disable-warning=ExperimentalWarning'];
	let running: ChildProcess | undefined;
	let port: Promise<number> | undefined;

	async function begin(): Promise<number> {
		running = fork(path, given, {execArgv});
		const [at] = (await once(running, 'message')) as [number];
		return at;
	}

	async function end(): Promise<void> {
		const ended = running && once(running, 'exit');
		running?.kill('SIGKILL');
		running = undefined;
		await ended;
	}

	return {
		port: () => port,
		async start() {
			port ??= begin();
			await port;
		},
		async kill() {
			port = undefined;
			await end();
		},
		async restart() {
			port = end().then(begin);
			await port;
		},
	};
}
