import {send, type Answered} from '../attempt/send.ts';
import {withFreshHeaders} from '../attempt/ask.ts';
import {noProgress} from '../attempt/progress.ts';
import type {Cancellation} from '../attempt/cancellation.ts';
import type {Environment} from '../environment.ts';
import type {Settings} from '../options.ts';
import type {PreparedRequest, Sendable} from '../request/prepared-request.ts';

/** Who asks about an operation: its flight, or a handle that looks again. */
export type Asker = {
	readonly environment: Environment;
	readonly settings: Settings;
	readonly cancellation: Cancellation;
	/** In milliseconds. */
	readonly remaining: () => number;
	readonly sameScope: () => boolean;
	/** The call, whose headers go with the question; a handle has `attemptHeaders` alone. */
	readonly request?: PreparedRequest;
	readonly key: string | undefined;
};

/**
 * The 2xx answer of a GET about an operation. It goes to the origin of the request (of the page, where a handle asks) or
 * to one that the dialect declares, because credentials go with it; anything else, and whatever fails, gives `undefined`. `seen`: gets
 * the headers of whatever answer it was.
 */
export async function lookUp(
	asker: Asker,
	url: string,
	seen?: (headers: Headers) => void,
): Promise<Answered | undefined> {
	const {environment, settings, cancellation, remaining, sameScope, request, key} = asker;
	const {dialect, fetch} = settings;
	const base = request?.url ?? environment.baseUrl();
	const target = parsed(url, base);
	const origins = [parsed(base, undefined)?.origin, ...(dialect.statusOrigins ?? [])];
	if (target === undefined || target.username || target.password || !origins.includes(target.origin)) return undefined;
	const given = (await request?.sendable(undefined))?.init;
	const ofContent = (name: string) => /^content-/i.test(name) || name.toLowerCase() === dialect.header.toLowerCase();
	const headers = Object.fromEntries(Object.entries(given?.headers ?? {}).filter(([name]) => !ofContent(name)));
	const init: Sendable['init'] = {...given, method: 'GET', redirect: 'manual', headers, body: null};
	const sendable = {url: target.href, input: target.href, init, fetch, key, keyHeader: undefined};
	const ms = Math.min(settings.timeout, remaining());
	const job = {environment, settings, cancellation, remaining, permit: () => 'go' as const};
	const due = settings.attemptHeaders ? await withFreshHeaders(job, sendable, noProgress(), ms) : {headers, ms};
	if (typeof due === 'string' || due.ms <= 0 || !sameScope()) return undefined;
	const exchange = await send(environment, sendable, due, cancellation);
	if (!exchange.answer) return undefined;
	const {status, redirected, headers: told} = exchange.answer;
	seen?.(told);
	if (status >= 200 && status <= 299 && !redirected) return exchange;
	exchange.abort();
	return undefined;
}

/** Where it leads, or `undefined` for what is no URL of a server. */
export function parsed(url: string | undefined, base: string | undefined): URL | undefined {
	try {
		const target = new URL(url ?? '', base);
		return /^https?:$/.test(target.protocol) ? target : undefined;
	} catch {
		return undefined;
	}
}
