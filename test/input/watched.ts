import {expect} from 'vitest';
import {environment as realEnvironment, type Environment} from '../../src/environment.ts';
import {createFetchIn} from '../../src/fetch.ts';
import type {CallOptions, FetchOptions} from '../../src/options.ts';
import {memoryStore} from '../../src/stores/memory.ts';
import type {Store} from '../../src/stores/store.ts';

export const url = 'https://api.test/pay';
export const post = {method: 'POST', body: '1'} as const;

/** What the types forbid, and JavaScript lets through. */
export function untyped(init: Record<string, unknown>): RequestInit & CallOptions {
	return {...post, ...init};
}

/** A fetch whose every step towards the store and the network is noted. */
export function watched(options: FetchOptions = {}, environment: Partial<Environment> = {}) {
	const done: string[] = [];
	const memory = memoryStore();
	const store: Store = {...memory};
	for (const step of ['claim', 'renew', 'settle', 'forget'] as const) {
		const run = memory[step] as () => never;
		store[step] = (...parameters: []) => {
			done.push(step);
			return run(...parameters);
		};
	}

	const sent: Request[] = [];
	const answers: Array<() => Response> = [];
	const settings: FetchOptions = {
		scope: null,
		store,
		async fetch(input, init) {
			done.push('send');
			sent.push(new Request(input, init));
			return (answers.shift() ?? (() => new Response(null, {status: 201})))();
		},
		...options,
	};
	const whole = {...realEnvironment, ...environment};
	const fetch = createFetchIn(whole, settings);

	/** How a call failed, and what had been done by then. */
	async function failure(call: Promise<unknown>): Promise<unknown> {
		try {
			await call;
			return 'it did not fail';
		} catch (error) {
			const {name, message} = error as Error;
			return {name, message, done: [...done]};
		}
	}

	return {fetch, failure, sent, answers, settings, environment: whole};
}

/** Nothing was sent, nothing was written. */
export function refusedWith({name}: new () => Error, message: string | RegExp): unknown {
	const matching: unknown =
		typeof message === 'string' ? expect.stringContaining(message) : expect.stringMatching(message);
	return {name, message: matching, done: []};
}
