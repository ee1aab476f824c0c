import type {Clock} from '../clock.ts';
import {tellGuarded} from '../utils.ts';

/** A message as it is handed to the broker. */
export type OutboxMessage = {
	/** Also in the header `message-id`. */
	readonly id: string;
	readonly topic: string;
	readonly key: string | undefined;
	readonly headers: Readonly<Record<string, string>>;
	readonly value: Uint8Array;
};

/** Hands messages to the broker, in this order. It resolves once the broker has them all, and may be called with them again. */
export type Publish = (messages: readonly OutboxMessage[]) => Promise<unknown>;

export type PublishOptions = {
	/**
	 * About how many are published at once.
	 *
	 * @default 100
	 */
	readonly batch?: number;
	/** Is told of what could not be published, with the message that its key stops at; without one: of what the database failed of. */
	readonly onError?: (error: unknown, message?: OutboxMessage) => void;
};

export type RelayOptions = PublishOptions & {
	/** Ends it. What is being published is finished first. */
	readonly signal: AbortSignal;
	/**
	 * How long it waits where there is nothing to publish, in milliseconds.
	 *
	 * @default 250
	 */
	readonly idle?: number;
};

export type Relay = {
	/**
	 * Publishes once what is waiting, up to `batch`; returns how many. Call it from as many processes as you like: one at a time
	 * publishes the messages of a key. What could not be published stays, and so does what follows under its key.
	 */
	publish(publish: Publish, options?: PublishOptions): Promise<number>;
	/** Publishes what is waiting and what comes, until `signal` aborts; then it resolves. */
	relay(publish: Publish, options: RelayOptions): Promise<void>;
};

/** `lane`: what is published one after another. */
export type Row = {readonly id: string; readonly lane: string; readonly message: OutboxMessage};

/** One transaction: `run` gets what is due, but for the lanes that are held, and answers the ids of what it has published. */
type Pass = (
	held: readonly string[],
	batch: number,
	run: (rows: readonly Row[]) => Promise<readonly string[]>,
) => Promise<void>;

/** How long a key whose message could not be published is left alone, in milliseconds: doubled each time, up to the second. */
const HELD = [500, 60_000] as const;

/** So many in a row without a success are the broker's fault, and the rest is not tried. */
const DOWN = 2;

export function relayOn({monotonic, timer}: Pick<Clock, 'monotonic' | 'timer'>, pass: Pass): Relay {
	const held = new Map<string, {until: number; wait: number}>();

	function hold(lane: string): void {
		const wait = Math.min((held.get(lane)?.wait ?? HELD[0] / 2) * 2, HELD[1]);
		held.set(lane, {until: monotonic() + wait, wait});
	}

	async function attempt(
		rows: readonly Row[],
		publish: Publish,
		onError: NonNullable<PublishOptions['onError']>,
	): Promise<Row[]> {
		try {
			await publish(rows.map(({message}) => message));
			return [...rows];
		} catch (error) {
			const [only, ...others] = rows;
			if (only && others.length === 0) {
				fail(error, only);
				return [];
			}
		}

		// One of them is at fault, or all are.
		const published: Row[] = [];
		const failed = new Set<string>();
		for (const row of rows) {
			if (failed.has(row.lane)) continue;
			if (published.length === 0 && failed.size === DOWN) break;
			try {
				await publish([row.message]);
				published.push(row);
			} catch (error) {
				failed.add(row.lane);
				fail(error, row);
			}
		}

		return published;

		function fail(error: unknown, row: Row): void {
			hold(row.lane);
			tellGuarded(onError, error, row.message);
		}
	}

	const relay: Relay = {
		async publish(publish, {batch = 100, onError = () => undefined} = {}) {
			let count = 0;
			// Another relay may have published what was held here.
			for (const [lane, {until}] of held) if (until + HELD[1] < monotonic()) held.delete(lane);
			const waiting = [...held].filter(([, {until}]) => until > monotonic()).map(([lane]) => lane);
			await pass(waiting, batch, async rows => {
				if (rows.length === 0) return [];
				const published = await attempt(rows, publish, onError);
				for (const {lane} of published) if ((held.get(lane)?.until ?? 0) <= monotonic()) held.delete(lane);
				count = published.length;
				return published.map(({id}) => id);
			});
			return count;
		},
		async relay(publish, {signal, idle = 250, onError = () => undefined, ...options}) {
			while (!signal.aborted) {
				const published = await relay.publish(publish, {...options, onError}).catch((error: unknown) => {
					tellGuarded(onError, error);
					return 0;
				});
				if (published === 0) await pause(idle, signal);
			}
		},
	};
	return relay;

	async function pause(ms: number, signal: AbortSignal): Promise<void> {
		if (signal.aborted) return;
		await new Promise<void>(resolve => {
			const end = () => {
				cancel();
				signal.removeEventListener('abort', end);
				resolve();
			};
			const cancel = timer(end, ms);
			signal.addEventListener('abort', end);
		});
	}
}
