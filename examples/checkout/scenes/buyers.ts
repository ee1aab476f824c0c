import {createFetch, isLatchkeyError, memoryStore} from '../../../src/index.ts';
import type {Order} from '../goods.ts';
import {postNaively} from '../naive.ts';
import type {TillName} from '../server/desk.ts';

/** Somebody who pays, and says what the shop's page would tell them. */
export type Buyer = {
	readonly press: (order: Order) => Promise<string>;
	/** The same person's second tab. */
	readonly secondTab: () => Pick<Buyer, 'press'>;
};

/** In milliseconds. Both clients are as patient as each other. */
const TIMEOUT = 500;
const delay = () => 50;

export const buyers: Record<TillName, (origin: string) => Buyer> = {
	plain(origin) {
		const press = async (order: Order) => {
			try {
				return told(await postNaively(`${origin}/api/pay/plain`, JSON.stringify(order), {timeout: TIMEOUT, delay}));
			} catch {
				return 'failed';
			}
		};
		return {press, secondTab: () => ({press})};
	},

	latchkey(origin) {
		const store = memoryStore();
		const tab = () => {
			// Its own object for each tab: the records are shared, what a page keeps in its memory is not.
			const fetch = createFetch({store: {...store}, scope: null, timeout: TIMEOUT, retry: {limit: 3, delay}});
			const press = async (order: Order) => {
				try {
					const headers = {'content-type': 'application/json'};
					const init = {method: 'POST', headers, body: JSON.stringify(order)};
					return told(await fetch(`${origin}/api/pay/latchkey`, {...init, operation: ['checkout', order.cart]}));
				} catch (error) {
					if (isLatchkeyError(error, 'PAYLOAD_CHANGED')) return 'cart changed';
					if (isLatchkeyError(error, 'OUTCOME_UNKNOWN')) return 'not known yet';
					throw error;
				}
			};
			return {press};
		};
		return {...tab(), secondTab: tab};
	},
};

function told({ok, status}: Response): string {
	if (ok) return 'paid';
	return status === 402 ? 'declined' : 'failed';
}
