import {sha256} from '#platform';
import type {Sendable} from '../attempt/send.ts';
import type {Environment} from '../environment.ts';
import type {CallOptions, Settings} from '../options.ts';
import type {MaybePromise} from '../maybe-promise.ts';
import {freezeBody, freezeRequest} from './body.ts';
import {encodeBody} from './encode-body.ts';
import {fingerprint} from './fingerprint.ts';

/** A keyed request, taken over from its caller: nobody can change it any more. */
export type Outgoing = {
	readonly method: string;
	readonly url: string;
	/** Resolves once the body is in memory; rejects when it cannot be. */
	ready(): MaybePromise<unknown>;
	/** What makes it *this* request. Made once. */
	fingerprint(): MaybePromise<string>;
	/** A hash of the whole request, where `fingerprint` leaves parts of it out. */
	bytes(): MaybePromise<string> | undefined;
	/** What is sent at every attempt; without a key its answer is passed on unread. */
	sendable(key: string | undefined): MaybePromise<Sendable>;
};

const token = /^[!#$%&'*+.^_`|~\w-]+$/;
const forbidden = /^(connect|trace|track)$/i;
const bodyless = /^(GET|HEAD)$/;

/** Throws a TypeError for what fetch would not send; nothing has been written or sent then. */
export function outgoingOf(
	input: RequestInfo | URL,
	init: RequestInit & CallOptions,
	settings: Settings,
	environment: Environment,
	named: boolean,
): Outgoing {
	const request = isRequest(input) ? input : undefined;
	const method = methodOf(input, init);
	if (!token.test(method) || forbidden.test(method))
		throw new TypeError(`latchkey: fetch sends no method ${JSON.stringify(method)}`);
	if (bodyless.test(method) && (init.body ?? request?.body ?? null) !== null)
		throw new TypeError(`latchkey: fetch sends no body with ${method}`);
	const url = isRequest(input) ? input.url : absolute(String(input), environment);
	const headers = new Headers(init.headers ?? request?.headers);
	const own = {...(request && factsOf(request)), ...ofFetch(init)};
	// A redirect settles nothing, may carry the request to another host, and hides which host a connection failed at.
	const follows = init.redirect === undefined && (own.redirect ?? 'follow') === 'follow';
	if (named && follows && settings.dialect.redirects !== 'settle') own.redirect = 'manual';
	if (own.mode === 'no-cors')
		throw new TypeError(`latchkey: in mode 'no-cors' the browser would drop the ${settings.dialect.header} header`);

	const frozen =
		request !== undefined && (init.body === undefined || init.body === null)
			? freezeRequest(request)
			: freezeBody(init.body);
	// A joiner's body is asked for late; until then nobody else listens to its failure.
	if (frozen instanceof Promise) frozen.catch(() => undefined);
	const contentType = headers.get('content-type') ?? undefined;
	const whole = once(() => after(frozen, body => fingerprint({method, url, contentType, body})));
	const custom = settings.fingerprint;

	/** What fetch is given. The boundary of a form is made from the seed, and wins over a content type without it. */
	function initOf(seed: () => MaybePromise<string>): MaybePromise<RequestInit> {
		const encoded = after(frozen, body => encodeBody(body, seed));
		return after(encoded, ({body, contentType: type}) => {
			if (type !== undefined && (contentType === undefined || type.startsWith('multipart/')))
				headers.set('content-type', type);
			return {...own, method, headers, ...(body !== undefined && {body})};
		});
	}

	async function customPrint(of: NonNullable<typeof custom>): Promise<string> {
		const copy = new Request(url, await initOf(whole));
		return sha256(`custom\n${await of(copy)}`);
	}

	return {
		method,
		url,
		ready: () => frozen,
		fingerprint: custom === undefined ? whole : once(() => customPrint(custom)),
		bytes: () => (custom === undefined ? undefined : whole()),
		sendable(key) {
			const {dialect, fetch} = settings;
			if (key !== undefined) headers.set(dialect.header, dialect.formatKey?.(key) ?? key);
			// With the key in it, nobody who knows the content can foresee the boundary and hide a part in a file.
			const init = initOf(async () => sha256(`${key}\n${await whole()}`));
			return after(init, it => ({url, init: it, fetch, read: key !== undefined}));
		},
	};
}

/** By its shape: a polyfill's Request, or one of another realm, is one too. */
export function isRequest(input: RequestInfo | URL): input is Request {
	return typeof input === 'object' && 'headers' in input && 'method' in input;
}

export function methodOf(input: RequestInfo | URL, init: RequestInit | undefined): string {
	const method = init?.method ?? (isRequest(input) ? input.method : 'GET');
	// Fetch upper-cases these and no others.
	return /^(delete|get|head|options|post|put)$/i.test(method) ? method.toUpperCase() : method;
}

export function absolute(url: string, environment: Environment): string {
	const base = environment.baseUrl();
	let parsed: URL;
	try {
		parsed = new URL(url, base);
	} catch {
		const why = base === undefined ? ', and there is no page to resolve it against' : '';
		throw new TypeError(`latchkey: ${JSON.stringify(url)} is not an absolute URL${why}`);
	}

	if (parsed.username !== '' || parsed.password !== '')
		throw new TypeError('latchkey: fetch does not send a URL with credentials; use the Authorization header');
	return parsed.href;
}

/** What is fetch's own, and not said anew at every attempt. */
function ofFetch(init: RequestInit & CallOptions): RequestInit {
	const {method, headers, body, signal, operation, idempotencyKey, ...tuned} = init;
	const {timeout, totalTimeout, retry, judge, reconcile, fingerprint: _, keepResponse, ...own} = tuned;
	return own;
}

function factsOf(request: Request): RequestInit {
	const {credentials, cache, redirect, referrer, referrerPolicy, integrity, keepalive, mode} = request;
	const facts = {credentials, cache, redirect, referrer, referrerPolicy, integrity, keepalive};
	// A navigation's mode cannot be given to fetch.
	return mode === 'navigate' ? facts : {...facts, mode};
}

function once<T extends object | string>(make: () => T): () => T {
	let made: T | undefined;
	return () => (made ??= make());
}

function after<T, R>(value: MaybePromise<T>, then: (value: T) => MaybePromise<R>): MaybePromise<R> {
	return value instanceof Promise ? value.then(then) : then(value);
}
