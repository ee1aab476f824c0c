import {HttpResponse, type HttpResponseResolver} from 'msw';
import {environment as realEnvironment, type Environment} from '../../src/environment.ts';
import type {LatchkeyEvent} from '../../src/events.ts';
import {createFetchIn} from '../../src/fetch.ts';
import type {FetchOptions} from '../../src/options.ts';
import {memoryStore} from '../../src/stores/memory.ts';

export const PAY = 'https://api.test/pay';
export const order = {method: 'POST', body: '{"amount":1}', operation: ['pay', 42]} as const;

/** A fetch as one page has it. Give it a copy of another's store, and it is another tab, or the page after a reload. */
export function realm(options: FetchOptions = {}, environment: Partial<Environment> = {}) {
	const events: LatchkeyEvent[] = [];
	const {store = memoryStore(), onEvent} = options;
	const fetch = createFetchIn(
		{...realEnvironment, ...environment},
		{
			scope: null,
			retry: {delay: () => 1},
			...options,
			store,
			onEvent(event) {
				events.push(event);
				onEvent?.(event);
			},
		},
	);
	return {fetch, store, events};
}

/** Charges, and says how often it has. */
export function charge(): HttpResponseResolver {
	let charges = 0;
	return () => HttpResponse.json({charge: ++charges}, {status: 201});
}
