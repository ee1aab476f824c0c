import {fork} from 'node:child_process';
import {once} from 'node:events';
import {fileURLToPath} from 'node:url';
import type {Place} from './place.ts';

/** A process that performs tasks over a store. It ends with this one, whatever happens. */
export type Child<Task, Reply> = {
	/** One task at a time. Rejects when the task fails or the process ends. */
	readonly perform: (task: Task) => Promise<Reply>;
	/** Ends it by SIGKILL; resolves when it is gone. */
	readonly kill: () => Promise<void>;
	/** Whether SIGKILL was its end, by whomever. */
	readonly wasKilled: () => boolean;
};

type Message = {ready?: true; told?: unknown; reply?: unknown; error?: string};

/** What one process has compiled the next need not: it starts in half the time. */
const compiled = fileURLToPath(new URL('../../node_modules/.cache/latchkey-fleet', import.meta.url));

/** Starts the file in this folder as a process of its own; resolves once its store is open. */
export async function startChild<Task, Reply>(
	file: string,
	place: Place,
	onTold?: (told: unknown) => void,
): Promise<Child<Task, Reply>> {
	const child = fork(new URL(file, import.meta.url), [JSON.stringify(place)], {
		execArgv: ['--conditions=latchkey-source'],
		env: {...process.env, NODE_COMPILE_CACHE: compiled},
		stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
	});
	const exited = once(child, 'exit');
	let errors = '';
	child.stderr?.on('data', (chunk: Buffer) => {
		errors += chunk.toString();
	});

	async function answerTo(send: () => void): Promise<unknown> {
		return new Promise((resolve, reject) => {
			const onExit = () => {
				reject(new Error(`${file} ended (${child.signalCode ?? child.exitCode}). ${errors}`));
			};
			if (!child.connected) {
				onExit();
				return;
			}

			child.once('exit', onExit);
			const onMessage = (message: Message) => {
				if ('told' in message) return;
				child.off('exit', onExit);
				child.off('message', onMessage);
				if (message.error === undefined) resolve(message.reply);
				else reject(new Error(message.error));
			};
			child.on('message', onMessage);
			send();
		});
	}

	child.on('message', ({told}: Message) => {
		if (told !== undefined) onTold?.(told);
	});

	async function kill(): Promise<void> {
		child.kill('SIGKILL');
		await exited;
	}

	await answerTo(() => undefined);
	return {
		perform: async task =>
			(await answerTo(() => {
				child.send(task as object);
			})) as Reply,
		kill,
		wasKilled: () => child.signalCode === 'SIGKILL',
	};
}
