import {memoryStore} from '../../src/index.ts';
import {latchkeyBuyer, plainBuyer, type Buyer} from './buyers.ts';
import {orderOf} from './order.ts';
import type {BuyersInPage} from './parts/page.ts';

/** How many buyers are at it at once. */
const AT_ONCE = 12;
/** Every so many orders are bought in Chromium. */
const IN_CHROMIUM = 5;

export type Buying = {
	/** Presses Pay for these. Returns those whose outcome is not known then, with their keys. */
	readonly press: (numbers: Iterable<number>) => Promise<ReadonlyMap<number, string | undefined>>;
	/** Whose outcome was not known at some time. */
	readonly unknown: ReadonlySet<number>;
	readonly succeeded: ReadonlySet<number>;
};

/** Buyers of both kinds, in a page and in Node. */
export function buyingAt(origin: string, kind: 'plain' | 'latchkey', page: BuyersInPage): Buying {
	const inNode = {plain: plainBuyer, latchkey: latchkeyBuyer};
	const node = inNode[kind](`${origin}/orders`, {scope: null, store: memoryStore()});
	const buyerOf = (number: number): Buyer => (number % IN_CHROMIUM === 0 ? page[kind] : node);
	const [unknown, succeeded] = [new Set<number>(), new Set<number>()];

	return {
		unknown,
		succeeded,
		async press(numbers) {
			const keys = new Map<number, string | undefined>();
			const left = [...numbers].values();
			const line = async () => {
				for (const number of left) {
					const {outcome, key} = await buyerOf(number)(orderOf(number));
					if (outcome === 'succeeded') succeeded.add(number);
					else keys.set(number, key);
				}
			};
			await Promise.all(Array.from({length: AT_ONCE}, line));
			for (const number of keys.keys()) unknown.add(number);
			return keys;
		},
	};
}
