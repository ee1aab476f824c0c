import {sha256} from '#platform';
import type {Environment} from '../environment.ts';
import type {FetchInput} from '../fetch-types.ts';
import {buildable, mistake} from '../mistake.ts';
import {callOptionNames} from '../option-names.ts';
import {token} from '../option-specs.ts';
import type {CallOptions, Settings} from '../options.ts';
import {shown, withoutQuery} from '../shown.ts';
import {after, isPromise, once, type MaybePromise} from '../utils.ts';
import {freezeBody, freezeRequest, isForm, type FrozenBody, type PlainBody} from './body.ts';
import {encodeForm} from './multipart.ts';
import {fingerprint, printOfHeaders} from './fingerprint.ts';
import {isRequest, membersOf, methodOf, urlOf} from './input.ts';
import {keyHeaderOf} from './key.ts';

/** What is sent at every attempt. */
export type Sendable = {
	readonly url: string;
	/** The URL, or the Request that the caller gave. */
	readonly input: string | Request;
	/** Everything but the signal; the body can be sent again. */
	readonly init: Omit<RequestInit, 'method' | 'headers' | 'body'> & {
		readonly method: string;
		headers: Record<string, string>;
		readonly body: PlainBody['content'];
	};
	readonly fetch: ((input: string | Request, init: RequestInit) => Promise<Response>) | undefined;
	/** With one, the answer is read within the attempt, so that a cut body shows. */
	readonly key: string | undefined;
	/** That key as it stands in its header. */
	readonly keyHeader: string | undefined;
};

/** A keyed request, taken over from its caller: nobody can change it any more. */
export type PreparedRequest = {
	readonly method: string;
	readonly url: string;
	/** Resolves once the body is in memory; rejects when it cannot be. */
	ready(): MaybePromise<unknown>;
	/** What makes it *this* request. Made once. */
	fingerprint(): MaybePromise<string>;
	/** A hash of the whole request, where `fingerprint` leaves parts of it out. */
	bytes(): MaybePromise<string> | undefined;
	/** The headers that make it another request. */
	readonly counted: ReadonlyArray<readonly [string, string]>;
	/** The key of the open operation that it goes on with: if that is over by now, nothing begins anew. */
	readonly resumes?: string;
	/**
	 * What is sent at every attempt; without a key its answer is passed on unread. `firstSent`, in milliseconds since the
	 * epoch, is now unless it was sent before.
	 */
	sendable(key: string | undefined, firstSent?: number): MaybePromise<Sendable>;
};

/**
 * Of the connection, and not the caller's: what is sent are bytes of a known length. Browsers drop such headers, Node's
 * fetch refuses most of them.
 *
 * @see https://fetch.spec.whatwg.org/#forbidden-request-header
 */
export const connectionHeaders = ['content-length', 'transfer-encoding', 'expect', 'keep-alive', 'upgrade'] as const;

/** Throws a TypeError for what fetch would not send; nothing has been written or sent then. */
export function prepareRequest(
	input: FetchInput,
	init: RequestInit & CallOptions,
	settings: Settings,
	environment: Environment,
	kind: 'named' | 'unnamed' | 'pass',
	ownKey?: string,
): PreparedRequest {
	const {dialect, fetch, fingerprint: custom, fingerprintHeaders = []} = settings;
	const request = isRequest(input) ? input : undefined;
	const carried = request && carries(request, fetch) ? request : undefined;
	const method = methodOf(input, init);
	if (!token.test(method) || /^(connect|trace|track)$/i.test(method))
		throw mistake(`fetch sends no method ${shown(method)}`);
	if (/^(GET|HEAD)$/.test(method) && (init.body ?? request?.body ?? null) !== null)
		throw mistake(`fetch sends no body with ${method}`);
	const url = urlOf(input, environment);
	if (kind !== 'pass' && fetch === undefined && !/^https?:/i.test(url))
		throw mistake(`fetch sends no ${method} to ${shown(withoutQuery(url))}`);
	const headers = buildable(() => new Headers(init.headers ?? request?.headers));
	for (const name of connectionHeaders) headers.delete(name);
	const said: RequestInit = membersOf(init, notFetchs);
	const own: RequestInit = {...(request && factsOf(request)), ...said, signal: null};
	if (Object.keys(said).length > 0) void buildable(() => new Request(url, {...own, method, headers}));
	// A redirect settles nothing, may carry the request to another host, and hides which host a connection failed at.
	const follows = init.redirect === undefined && (own.redirect ?? 'follow') === 'follow';
	if (kind === 'named' && follows && dialect.redirects !== 'settle') own.redirect = 'manual';
	if (kind !== 'pass' && own.mode === 'no-cors') throw mistake(`mode 'no-cors' drops the header ${dialect.header}`);

	const frozen = request && (init.body ?? null) === null ? freezeRequest(request) : freezeBody(init.body);
	// A joiner's body is asked for late; until then nobody else listens to its failure.
	if (isPromise(frozen)) frozen.catch(() => undefined);
	const contentType = headers.get('content-type') ?? undefined;
	// Now: the key will be among them.
	const names = fingerprintHeaders.map(name => name.toLowerCase());
	const counted = names.length > 0 ? [...headers].filter(([name]) => names.includes(name)) : [];
	// Without the key, which is another one at the next press.
	const bare = () => bearing(undefined, ownKey);
	const whole = once(() => after(bare(), it => fingerprint({method, contentType, headers: counted, ...it})));

	/** The request with this key where the dialect's carrier has it, or with none there. */
	function bearing(key: string | undefined, own: string | undefined): MaybePromise<{url: string; body: FrozenBody}> {
		return after(frozen, body => {
			const written = dialect.carrier?.write({url, body: body.content}, key, own);
			return written ? {url: written.url, body: {...body, content: written.body} as FrozenBody} : {url, body};
		});
	}

	/** What fetch is given. The boundary of a form is made from the seed, and wins over a content type without it. */
	function initOf(
		it: MaybePromise<{readonly body: FrozenBody}>,
		seed: () => MaybePromise<string>,
	): MaybePromise<Sendable['init']> {
		return after(it, ({body}) =>
			isForm(body) ? after(seed(), text => initWith(encodeForm(body.content, text))) : initWith(body),
		);
	}

	function initWith({content, type}: PlainBody): Sendable['init'] {
		if (type && (contentType === undefined || type.startsWith('multipart/'))) headers.set('content-type', type);
		// Else fetch would look for the body of the Request, which has been read and was empty.
		const body = content ?? (carried?.bodyUsed ? new Uint8Array() : null);
		return {...own, method, headers: plain(headers), body};
	}

	return {
		method,
		url,
		counted,
		ready: () => frozen,
		fingerprint: custom
			? once(async () => {
					const print: unknown = await custom(new Request(url, await initOf(bare(), whole)));
					if (typeof print !== 'string') throw mistake(`fingerprint gave ${shown(print)}, and no string`);
					return sha256(`${printOfHeaders(counted)}custom\n${print}`);
				})
			: whole,
		bytes: () => (custom ? whole() : undefined),
		sendable(key, firstSent) {
			if (key !== undefined) headers.delete(dialect.header);
			// With the key in it, nobody who knows the content can foresee the boundary and hide a part in a file.
			const seed = async () => sha256(`${key}\n${await whole()}`);
			const it = key === undefined ? after(frozen, body => ({url, body})) : bearing(key, key);
			return after(it, ({url: at, body}) =>
				after(initOf({body}, seed), init => {
					const keyHeader = key === undefined || dialect.carrier ? undefined : keyHeaderOf(dialect, key);
					if (keyHeader !== undefined) init.headers[dialect.header] = keyHeader;
					if (key !== undefined && dialect.headersWith)
						init.headers = {...dialect.headersWith(firstSent ?? environment.now()), ...init.headers};
					return {url: at, input: (at === url && carried) || at, init, fetch, key, keyHeader};
				}),
			);
		},
	};
}

/** Spreading a Headers gives nothing, and a wrapper of fetch may well spread. */
export function plain(headers: Headers): Record<string, string> {
	return Object.fromEntries([...headers.keys()].map(name => [name, headers.get(name) ?? '']));
}

const ownMembers = ['method', 'headers', 'body', 'signal'];
const notFetchs: readonly string[] = /* @__PURE__ */ callOptionNames.concat(ownMembers);

/** What a Request says besides, as far as it can be read. The mode of a navigation cannot be given to fetch. */
function factsOf(request: Request): RequestInit {
	const read = Object.entries(membersOf(request, ['url', 'bodyUsed', ...ownMembers]));
	return Object.fromEntries(read.filter(([, value]) => typeof value !== 'function' && value !== 'navigate'));
}

/**
 * Whether fetch is given the Request itself, for what cannot be read from it: its dispatcher in Node, its priority in
 * browsers. With a body in init it may have been read (Fetch §5.4); a polyfill, which has no tag, may think otherwise.
 */
function carries(request: Request, fetch: Settings['fetch']): boolean {
	return (
		Object.prototype.toString.call(request) === '[object Request]' &&
		(fetch !== undefined || request instanceof Request)
	);
}
