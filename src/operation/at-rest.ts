import type {Answer} from '../dialects/dialect.ts';
import {buildable, mistake} from '../mistake.ts';
import type {ResumeInit} from '../options.ts';
import {membersOf} from '../request/input.ts';
import type {PreparedRequest} from '../request/prepared-request.ts';
import {reading} from '../request/reading.ts';
import {withoutQuery} from '../shown.ts';
import type {StoredAnswer, StoredRequest} from './record.ts';

/** An answer as it is kept: for those who wait elsewhere, or `asked` for. */
export function atRest({status, statusText, headers, body, url}: Answer, asked: boolean): StoredAnswer {
	// Cookies are no part of an answer; only Node shows them at all.
	const kept = [...headers].filter(([name]) => name !== 'set-cookie');
	// A query may hold a token.
	const at = asked ? url : withoutQuery(url);
	return {status, statusText, headers: kept, body: body ?? new Uint8Array(), url: at};
}

/** The answer of a record, as if it had just come. */
export function fromRest({headers, body, ...rest}: StoredAnswer): Answer {
	return {
		...rest,
		headers: new Headers(Object.fromEntries(headers)),
		body: new Uint8Array(body),
		redirected: false,
		type: 'basic',
	};
}

/** The request as it is sent under this key, for its record: the exact bytes, their type, and the headers that make it another request. */
export async function keptRequest(
	{method, url, counted, sendable}: PreparedRequest,
	key: string,
): Promise<StoredRequest> {
	const {init} = await sendable(key);
	const contentType = new Headers(init.headers).get('content-type') ?? undefined;
	const bare = (init.body ?? null) === null;
	const read = async () => new Uint8Array(await new Response(init.body).arrayBuffer());
	const headers = counted.length > 0 ? counted : undefined;
	return {method, url, contentType, headers, body: bare ? null : await reading(read)};
}

/** What sends it again, with fresh headers. What a store returns is data, never trusted. */
export function keptInit(
	{method, contentType, headers: counted = [], body}: StoredRequest,
	init: ResumeInit,
): RequestInit {
	if (typeof method !== 'string' || !(body === null || body instanceof Uint8Array) || !Array.isArray(counted))
		throw new TypeError('latchkey: the request that the store has kept is none; nothing was sent');
	const headers = buildable(() => new Headers(init.headers));
	headers.delete('content-type');
	if (contentType !== undefined) headers.set('content-type', contentType);
	for (const [name, value] of counted as NonNullable<StoredRequest['headers']>) {
		if ((headers.get(name) ?? value) !== value)
			throw mistake(`with another ${name} this is not the request that was kept; nothing was sent`);
		headers.set(name, value);
	}

	return {...membersOf(init), method, headers, body: body && new Uint8Array(body)};
}
