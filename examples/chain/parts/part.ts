import {fork, type ChildProcess} from 'node:child_process';
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

/** A process of the chain. Whenever it is killed, it is started again, also in the middle of its last work. */
export async function startPart(
	file: 'shop' | 'relay' | 'consumer',
	config: PartConfig,
	{ask, arrived, delivered}: Supervisor,
	cache: string,
): Promise<Part> {
	let running: ChildProcess;
	let wanted: 'running' | 'stopped' | 'killed' = 'running';
	let end: (failure: Error | undefined) => void = () => {};
	const ended = new Promise<Error | undefined>(resolve => {
		end = resolve;
	});

	async function start(): Promise<void> {
		const child = fork(new URL(`../${file}.ts`, import.meta.url), [JSON.stringify(config)], {
			execArgv: ['--conditions=latchkey-source', '--no-warnings'],
			env: {...process.env, NODE_COMPILE_CACHE: cache},
		});
		running = child;
		await new Promise<void>((resolve, reject) => {
			child.on('message', (said: Said) => {
				if ('ready' in said) resolve();
				else if ('arrived' in said) arrived(said.arrived);
				else if ('delivered' in said) delivered();
				else void ask(said.order, said.fault).then(is => tell(child, {answer: said.ask, is}));
			});
			child.once('exit', (code, signal) => {
				const isOver = wanted === 'killed' || (wanted === 'stopped' && code === 0);
				if (signal === 'SIGKILL' && !isOver) {
					start().then(resolve, reject);
					return;
				}

				const failure = new Error(`${file} ended with ${code ?? signal}`);
				end(isOver ? undefined : failure);
				reject(failure);
			});
			if (wanted === 'stopped') tell(child, {stop: true});
		});
	}

	await start();
	return {
		async stop() {
			wanted = 'stopped';
			tell(running, {stop: true});
			const failure = await ended;
			if (failure) throw failure;
		},
		kill() {
			wanted = 'killed';
			running.kill('SIGKILL');
		},
	};
}

function tell(child: ChildProcess, heard: Heard): void {
	if (child.connected) child.send(heard, () => undefined);
}
