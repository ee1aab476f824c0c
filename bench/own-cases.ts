import {createFetch, memoryStore, type LatchkeyFetch} from 'latchkey';
import type {Case} from './measure.ts';
import {jsonType, order, url, type Stub} from './stub.ts';

/** latchkey over the stub: a call that is not keyed, one with a key for itself alone, and a named operation. */
export function ownCases(stub: Stub): Case[] {
	const fetch = clientOf(stub);
	return [
		{name: 'latchkey, not keyed', call: async () => send(fetch)},
		{name: 'latchkey, keyed without a name', call: async () => send(fetch, true)},
		{name: 'latchkey, named operation', call: namedCall(stub)},
	];
}

/** Every call is an operation of its own, and stays remembered. */
export function namedCall(stub: Stub): () => Promise<unknown> {
	const fetch = clientOf(stub);
	let cart = 0;
	return async () => send(fetch, ['checkout', cart++]);
}

function clientOf(stub: Stub): LatchkeyFetch {
	return createFetch({fetch: stub, store: memoryStore(), scope: null});
}

async function send(fetch: LatchkeyFetch, operation?: true | readonly [string, number]): Promise<unknown> {
	const request = {method: 'POST', headers: jsonType, body: JSON.stringify(order)};
	const response = await fetch(url, operation === undefined ? request : {...request, operation});
	return response.json();
}
