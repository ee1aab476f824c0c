import {fork, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import type {Fault} from '../faults.ts';
import type {Heard, Said} from './child.ts';

/** Who keeps what happens to one effect. */
export type Keeping = 'nobody' | 'transaction' | 'redis';

/** What each part is told at its start. */
export type PartConfig = {
	readonly keeping: Keeping;
	/** A connection string of Postgres. */
	readonly database: string;
	readonly redis: string;
	/** Of its keys in Redis. */
	readonly prefix: string;
	readonly broker: string;
	readonly topic: string;
	/** Of a shop. */
	readonly port: number;
};

/** What parts ask and tell. */
export type Supervisor = {
	readonly ask: (order: number, fault: Fault | 'repeated') => Promise<boolean>;
	readonly arrived: (order: number) => void;
	readonly delivered: () => void;
};

export type Part = {
	/** Has it end its work, and waits for that. */
	readonly stop: () => Promise<void>;
	readonly kill: () => void;
};

/** A process of the chain. Whenever it is killed, it is started again. */
export async function startPart(
	file: 'shop' | 'relay' | 'consumer',
	config: PartConfig,
	{ask, arrived, delivered}: Supervisor,
): Promise<Part> {
	let running: ChildProcess;
	let stopping = false;
	let failed: Error | undefined;

	async function start(): Promise<void> {
		const child = fork(new URL(`../${file}.ts`, import.meta.url), [JSON.stringify(config)], {
			execArgv: ['--conditions=latchkey-source', '--no-warnings'],
		});
		running = child;
		const hear = (heard: Heard) => {
			if (child.connected) child.send(heard, () => undefined);
		};
		await new Promise<void>((resolve, reject) => {
			child.on('message', (said: Said) => {
				if ('ready' in said) resolve();
				else if ('arrived' in said) arrived(said.arrived);
				else if ('delivered' in said) delivered();
				else void ask(said.order, said.fault).then(is => hear({answer: said.ask, is}));
			});
			child.once('exit', (code, signal) => {
				if (signal !== 'SIGKILL' && !stopping) failed = new Error(`${file} ended with ${code ?? signal}`);
				if (failed) reject(failed);
				else if (stopping) resolve();
				else start().then(resolve, reject);
			});
		});
	}

	await start();
	return {
		async stop() {
			stopping = true;
			if (running.exitCode === null && running.signalCode === null) {
				const ended = once(running, 'exit');
				if (running.connected) running.send({stop: true});
				await ended;
			}

			if (failed) throw failed;
		},
		kill() {
			stopping = true;
			running.kill('SIGKILL');
		},
	};
}
