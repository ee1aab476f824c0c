import {setTimeout} from 'node:timers/promises';

/** What the order service tells of an order. */
export type OrderMessage = {readonly id: string; readonly value: string};

/** A broker of a few lines: it keeps what it was given in its order, and delivers it until it is acknowledged. */
export type Broker = {
	readonly publish: (message: OrderMessage) => void;
	/** Everything once more. */
	readonly redeliver: () => void;
	readonly close: () => Promise<void>;
};

export function brokerTo(consumer: string): Broker {
	const log: OrderMessage[] = [];
	const closed = new AbortController();
	let acknowledged = 0;

	async function deliver(message: OrderMessage): Promise<boolean> {
		try {
			const init = {method: 'POST', headers: {'message-id': message.id}, body: message.value, signal: closed.signal};
			return (await fetch(consumer, init)).ok;
		} catch {
			return false;
		}
	}

	async function run(): Promise<void> {
		while (!closed.signal.aborted) {
			const at = acknowledged;
			const message = log[at];
			if (message && (await deliver(message))) {
				// Unless it is to begin anew.
				if (acknowledged === at) acknowledged++;
			} else await setTimeout(100);
		}
	}

	const running = run();
	return {
		publish(message) {
			log.push(message);
		},
		redeliver() {
			acknowledged = 0;
		},
		async close() {
			closed.abort();
			await running;
		},
	};
}
