import {abortOf} from '../aborts.ts';
import type {Environment} from '../environment.ts';
import type {FetchInput} from '../fetch-types.ts';
import {mistake} from '../mistake.ts';
import {shown, withoutQuery} from '../shown.ts';
import {can} from '../utils.ts';

// What the two arguments of fetch say, in whatever form it takes them.

/** By its shape: a polyfill's Request, or one of another realm, is one too. */
export function isRequest(input: FetchInput): input is Request {
	return typeof input === 'object' && 'method' in input;
}

export function methodOf(input: FetchInput, init: RequestInit | undefined): string {
	const method = init?.method ?? (isRequest(input) ? input.method : 'GET');
	// Fetch upper-cases these and no others.
	return /^(delete|get|head|options|post|put)$/i.test(method) ? method.toUpperCase() : method;
}

/** Absolute. */
export function urlOf(input: FetchInput, environment: Environment): string {
	if (isRequest(input)) return input.url;
	const url = String(input);
	let parsed: URL;
	try {
		parsed = new URL(url, environment.baseUrl());
	} catch {
		throw mistake(`${shown(withoutQuery(url))} is not an absolute URL`);
	}

	if (parsed.username || parsed.password) throw mistake('fetch sends no credentials in a URL');
	return parsed.href;
}

/** The signal of a call. Throws its reason where it is aborted already: nothing has been sent then. */
export function signalOf(input: FetchInput, init: RequestInit | undefined): AbortSignal | undefined {
	const signal = (init?.signal === undefined && isRequest(input) ? input.signal : init?.signal) ?? undefined;
	if (signal && !can(signal, 'addEventListener')) throw mistake('signal takes an AbortSignal');
	if (signal?.aborted) throw abortOf(signal, false);
	return signal;
}

/** Headers that can be read only once are read here, for all who look at them later. */
export function withHeadersRead<T extends RequestInit>(init: T): T {
	const headers: unknown = init.headers;
	const isOnce = typeof headers === 'object' && headers !== null && Symbol.iterator in headers && !can(headers, 'has');
	if (!isOnce || Array.isArray(headers)) return init;
	return Object.create(init, {headers: {value: [...(headers as Iterable<unknown>)], enumerable: true}}) as T;
}

/**
 * What a dictionary says, as a plain object. WebIDL reads its members by Get, so those of a prototype and hidden ones
 * count too, and undefined is not said. One that cannot be read is none that fetch would ask for.
 */
export function membersOf(dictionary: object, except: readonly string[] = []): Record<string, unknown> {
	const members: Record<string, unknown> = {};
	for (let at: object | null = dictionary; at && at !== Object.prototype; at = Reflect.getPrototypeOf(at))
		for (const name of Object.getOwnPropertyNames(at)) {
			// `in`: not what every object has.
			if (name in members || except.includes(name)) continue;
			try {
				const value = (dictionary as Record<string, unknown>)[name];
				if (value !== undefined) members[name] = value;
			} catch {
				// Such as `page` of a NextRequest.
			}
		}

	return members;
}
