import {hash} from 'node:crypto';
import pRetry from 'p-retry';
import {v4} from 'uuid';
import type {Case} from './measure.ts';
import {jsonType, order, url, type Stub} from './stub.ts';

/**
 * What any library must spend that does what a named call does: a retry loop, a key, a fingerprint, a record written
 * before and after, a time-out, and the answer read inside the attempt, so that a cut body is retried.
 */
export function floorCase(stub: Stub): Case {
	const records = new Map<number, unknown>();
	let name = 0;

	async function call(): Promise<unknown> {
		const id = name++;
		const body = JSON.stringify(order);
		const record = {key: v4(), fingerprint: hash('sha256', `POST\n${url}\n${body}`), status: 'sending'};
		records.set(id, record);
		const response = await pRetry(async () => attempt(stub, record.key, body), {retries: 3});
		records.set(id, {...record, status: 'succeeded'});
		return response.json();
	}

	return {name: 'hand-made floor', call};
}

async function attempt(stub: Stub, key: string, body: string): Promise<Response> {
	const controller = new AbortController();
	const timer = setTimeout(() => {
		controller.abort();
	}, 20_000);
	try {
		const headers = {...jsonType, 'idempotency-key': key};
		const response = await stub(url, {method: 'POST', headers, body, signal: controller.signal});
		if (response.status >= 500) throw new Error(`The server answered ${response.status}`);
		const bytes = await response.arrayBuffer();
		return new Response(bytes, response);
	} finally {
		clearTimeout(timer);
	}
}
