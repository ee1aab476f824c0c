import {
	createFetch,
	isLatchkeyError,
	type LatchkeyEvent,
	type OperationRecord,
	unfinished,
} from '../../../src/index.ts';
import {getRaw, openPlain, putRaw} from '../../stores/database.ts';
import {fill} from './fill.ts';

/** A shop that takes payments, by a `createFetch` over its default store. The page's address says how. */
const search = new URLSearchParams(location.search);
const events: LatchkeyEvent[] = [];
const fetch = createFetch({
	...(JSON.parse(search.get('options') ?? '{}') as object),
	onEvent: event => events.push(event),
});

/** One press of Pay, and what the customer is told. */
async function press(cart = 42) {
	try {
		const response = await fetch(`${search.get('api') ?? ''}/pay`, {
			method: 'POST',
			headers: {'content-type': 'application/json'},
			body: JSON.stringify({cart}),
			operation: ['checkout', cart],
		});
		return {status: response.status, body: await response.text()};
	} catch (error) {
		if (!isLatchkeyError(error)) throw error;
		const {code, outcome, message, key, attempts} = error;
		return {code, outcome, message, key, attempts};
	}
}

function nameOf(cart: number): string {
	return JSON.stringify(['checkout', String(cart)]);
}

let restored = false;
addEventListener('pageshow', ({persisted}) => {
	restored = persisted;
});

const shop = {
	press,
	/** Two presses in one tick. */
	pressTwice: async () => Promise.all([press(), press()]),
	unfinished: async () => unfinished(fetch),
	/** What has happened so far, in order. */
	story: () => events.map(event => (event.type === 'wait' ? `wait ${event.why}` : event.type)),
	/** The request headers that a preflight is suspected to refuse. */
	suspected: () => events.flatMap(event => (event.type === 'preflight-suspected' ? [event.header] : [])),
	/** Whether this page has come back from the back/forward cache. */
	restored: () => restored,
	fill,
	/** What stands in the database of an operation, and the ways to spoil it. */
	record: async (cart = 42) => (await getRaw('latchkey', ['', nameOf(cart)])) as OperationRecord | undefined,
	replaceRecord: async (record: unknown) => putRaw('latchkey', record),
	/** What a tab does that has a newer release. */
	upgrade: async () => (await openPlain('latchkey', 2)).close(),
};

export type Shop = typeof shop;
Object.assign(globalThis, {shop});
