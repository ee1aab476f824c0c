import {createFetch, outcomeOf, type FetchOptions, type Outcome} from '../../src/index.ts';
import {defineDialect, latchkey} from '../../src/dialects/index.ts';
import type {Order} from './order.ts';

/** What the buyer was told. */
export type Told = {readonly outcome: Outcome; readonly key: string | undefined};

/** Presses Pay. */
export type Buyer = (order: Order) => Promise<Told>;

/** In milliseconds. Both are as patient as each other. */
const TIMEOUT = 3_000;
const LIMIT = 60;
const delay = (retry: number) => Math.min(retry * 100, 500);

/** What goes with an order. The header is for the shop's faults only. */
const requestFor = (order: Order) => ({
	method: 'POST',
	headers: {'content-type': 'application/json', 'x-order': String(order.number)},
	body: JSON.stringify(order),
});

/** Retries whatever looks like a failure, and has no key. */
export function plainBuyer(url: string): Buyer {
	return async order => {
		for (let attempt = 1; attempt <= LIMIT; attempt++) {
			const response = await fetch(url, {...requestFor(order), signal: AbortSignal.timeout(TIMEOUT)}).catch(
				() => undefined,
			);
			if (response?.ok) return {outcome: 'succeeded', key: undefined};
			await new Promise(resolve => {
				setTimeout(resolve, delay(attempt));
			});
		}

		return {outcome: 'unknown', key: undefined};
	};
}

/** Names its operation. */
export function latchkeyBuyer(url: string, options: Pick<FetchOptions, 'scope' | 'store'> = {}): Buyer {
	const dialect = defineDialect({...latchkey.profile, retention: 24 * 60 * 60 * 1_000, saves: 'errors'});
	const retry = {limit: LIMIT, delay};
	const send = createFetch({...options, dialect, timeout: TIMEOUT, totalTimeout: 120_000, retry});
	return async order => {
		const operation = ['order', order.number] as const;
		const {outcome, key} = await outcomeOf(send(url, {...requestFor(order), operation}));
		return {outcome, key};
	};
}
