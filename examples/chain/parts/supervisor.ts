import type {Faults} from '../faults.ts';
import type {Supervisor} from './part.ts';

export type Watch = {
	readonly supervisor: Supervisor;
	/** How many requests have come to the shops, and how many messages to the consumer. */
	readonly requests: () => number;
	readonly deliveries: () => number;
};

/** Answers what parts ask, and counts what they tell. It outlives them. */
export function watchWith(faults: Faults): Watch {
	const requests = new Map<number, number>();
	const repeated = new Map<number, () => void>();
	let deliveries = 0;
	return {
		supervisor: {
			async ask(order, fault) {
				if (fault !== 'repeated') return faults.meets(order, fault);
				if ((requests.get(order) ?? 0) < 2) await new Promise<void>(resolve => repeated.set(order, resolve));
				return true;
			},
			arrived(order) {
				requests.set(order, (requests.get(order) ?? 0) + 1);
				if (requests.get(order) === 2) repeated.get(order)?.();
			},
			delivered() {
				deliveries++;
			},
		},
		requests: () => [...requests.values()].reduce((sum, count) => sum + count, 0),
		deliveries: () => deliveries,
	};
}
