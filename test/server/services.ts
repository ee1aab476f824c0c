import {mkdtempSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {onTestFinished} from 'vitest';
import {defineDialect, latchkey} from '../../src/dialects/index.ts';
import {createFetchIn} from '../../src/fetch.ts';
import {createFetch, memoryStore, type FetchOptions} from '../../src/index.ts';
import type {GuardEvent} from '../../src/server/events.ts';
import {idempotent, memoryEntries, operationFetch, type GuardOptions} from '../../src/server/index.ts';
import {memoryStoreIn} from '../../src/stores/memory.ts';
import type {VirtualEnvironment} from '../support/virtual-environment.ts';
import {serveOn, type Fault} from './serve.ts';
import {gate, payment, type Pay} from './shop.ts';

/** What our client knows of our guard. */
export const dialect = defineDialect({...latchkey.profile, retention: 86_400_000, saves: 'errors'});

/** A payment service behind a guard, over real HTTP, and what has reached it. */
export async function paymentService(
	handler: Pay = charged,
	faults: Fault[] = [],
	options: Partial<GuardOptions> = {},
) {
	const requests: Request[] = [];
	let charges = 0;
	const guard = idempotent<readonly []>(
		(request, operation) => {
			charges++;
			return handler(request, operation);
		},
		{store: memoryEntries(), scope: null, ...options},
	);
	const server = await serveOn(async request => {
		requests.push(request);
		return guard(request);
	}, faults);
	onTestFinished(server.close);
	const keys = () => requests.map(({headers}) => headers.get('idempotency-key'));
	return {url: server.url, requests, keys, guard, charges: () => charges};
}

const charged: Pay = () => Response.json({charge: 1}, {status: 201});

/** The client of a service that calls others. */
export function client(options: FetchOptions = {}) {
	return createFetch({
		store: memoryStore(),
		scope: null,
		dialect,
		timeout: 2_000,
		retry: {limit: 1, delay: () => 5},
		...options,
	});
}

/** What makes `operation.fetch`. */
export const calls = (options: FetchOptions = {}) => operationFetch(client(options));

/** A handler that has the payment made, and answers what that said. */
export function orderBy(url: string, step = 'charge'): Pay {
	return async (request, operation) => {
		const body = await request.text();
		const payment = await operation.fetch(url, {method: 'POST', body, operation: step});
		return Response.json({paid: payment.ok}, {status: payment.status});
	};
}

/** The same, on virtual time; it never has an answer. */
export function virtualCalls(environment: VirtualEnvironment, options: FetchOptions = {}) {
	const prefers: unknown[] = [];
	const sent = gate();
	const made = createFetchIn(environment, {
		store: memoryStoreIn(environment),
		scope: null,
		dialect,
		timeout: 60_000,
		retry: 0,
		async fetch(_, init) {
			prefers.push(new Headers(init?.headers).get('prefer'));
			sent.open();
			return new Promise(() => undefined);
		},
		...options,
	});
	return {...operationFetch(made), prefers, sent: sent.opened};
}

/** A guarded handler, and what it told. */
export function orderService(handler: Pay, options: Partial<GuardOptions<readonly []>> = {}) {
	const store = options.store ?? memoryEntries();
	const events: GuardEvent[] = [];
	let runs = 0;
	const guard = idempotent<readonly []>(
		(request, operation) => {
			runs++;
			return handler(request, operation);
		},
		{store, scope: null, onEvent: event => events.push(event), ...options},
	);
	const pay = async (init: Parameters<typeof payment>[0] = {}) => guard(payment(init));
	return {guard, store, pay, runs: () => runs, types: () => events.map(({type}) => type)};
}

/** A path of its own for a file that does not exist. */
export function file(): string {
	return join(mkdtempSync(join(tmpdir(), 'latchkey-')), 'calls.db');
}
