import {mistake} from '../mistake.ts';
import type {Carried, Carrier} from './dialect.ts';
import {property} from './dialect.ts';

/** From where to where, in a text. */
type Found = {readonly start: number; readonly end: number};

/**
 * A member of the JSON body, by its path: `'idempotency_key'`, `'payment.requestId'`. It is written in front of the others,
 * into the text as it is: what JSON would read anew (large numbers, escapes) keeps its bytes.
 *
 * @example
 * const key = inBody('idempotency_key');
 */
export function inBody(path: string): {readonly body: string; readonly carrier: Carrier} {
	return {body: path, carrier: carrierIn(path.split('.'))};
}

/**
 * A variable of a GraphQL request, by its name: `mutation ($key: String!) { refundCreate(…) @idempotent(key: $key) … }`.
 *
 * @example
 * const key = inVariable('key');
 */
export function inVariable(name: string): {readonly variable: string; readonly carrier: Carrier} {
	return {variable: name, carrier: carrierIn(['variables', name])};
}

/**
 * A query parameter. URLs are logged by much that stands between client and server.
 *
 * @example
 * const key = inQuery('request_id');
 */
export function inQuery(name: string): {readonly query: string; readonly carrier: Carrier} {
	const read = ({url}: Carried) => new URL(url).searchParams.get(name) ?? undefined;
	return {
		query: name,
		carrier: {
			read,
			write({url, body}, key, own) {
				refuseOther(read({url, body}), own);
				const [, head = '', tail = ''] = /^([^#]*)(.*)$/.exec(url) ?? [];
				const said = head.split('?').slice(1).join('?');
				const others = said.split('&').filter(one => one && new URLSearchParams(one).get(name) === null);
				if (key !== undefined) others.push(`${encodeURIComponent(name)}=${encodeURIComponent(key)}`);
				const query = others.length > 0 ? `?${others.join('&')}` : '';
				return {url: head.replace(/\?.*/, '') + query + tail, body};
			},
		},
	};
}

function carrierIn(path: readonly string[]): Carrier {
	const shown = path.join('.');
	const parsed = ({body}: Carried): unknown => {
		try {
			return JSON.parse(textOf(body));
		} catch {
			return undefined;
		}
	};
	const read = (request: Carried) => path.reduce<unknown>(property, parsed(request));
	return {
		read,
		write(request, key, own) {
			refuseOther(read(request), own);
			const none = () => mistake(`this dialect writes the key into ${shown} of a JSON body; nothing was sent`);
			const {url} = request;
			let body = textOf(request.body);
			const json = parsed(request);
			if (typeof json !== 'object' || json === null || Array.isArray(json)) throw none();
			const there = read(request) !== undefined && memberOf(body, path);
			if (there) body = body.slice(0, there.start) + body.slice(there.end);
			const encoded = () => (typeof request.body === 'string' ? body : new TextEncoder().encode(body));
			if (key === undefined) return {url, body: encoded()};
			// Into the innermost object of the path that is there; what is missing on the way is made.
			let depth = path.length - 1;
			while (depth > 0 && path.slice(0, depth).reduce<unknown>(property, json) === undefined) depth--;
			const opened = memberOf(body, path.slice(0, depth))?.end;
			const [name, ...inner] = path.slice(depth);
			const value = inner.reduceRight<unknown>((made, one) => ({[one]: made}), key);
			const member = `${JSON.stringify(name)}:${JSON.stringify(value)}`;
			const at = opened ?? body.length;
			const rest = body.slice(at);
			body = body.slice(0, at) + member + (/^\s*\}/.test(rest) ? '' : ',') + rest;
			if (read({url, body}) !== key) throw none();
			return {url, body: encoded()};
		},
	};
}

function refuseOther(borne: unknown, own: string | undefined): void {
	if (borne !== undefined && borne !== own)
		throw mistake('the request bears another idempotency key than its call; nothing was sent');
}

/** Of what else there is, nothing that is JSON. */
function textOf(body: unknown): string {
	if (body instanceof Uint8Array) return new TextDecoder().decode(body);
	return typeof body === 'string' ? body : '';
}

/** Strings, with the colon that makes them names, and brackets: all that the structure of a JSON text shows by. */
const structure = /("(?:[^"\\]|\\.)*")(\s*:\s*)?|[{}[\]]/g;

/**
 * Where a member stands in a JSON text: with the comma that goes when it goes, if its value is a string; up to behind the
 * brace, if it is an object. The whole text is the object at the empty path.
 */
function memberOf(text: string, path: readonly string[]): Found | undefined {
	let depth = 0;
	let found = 0;
	let start = -1;
	for (const token of text.matchAll(structure)) {
		const [all, string, colon] = token;
		const end = token.index + all.length;
		const named = start >= 0;
		if (all === '{' || all === '[') {
			depth++;
			if (named || depth === 1) {
				if (found === path.length) return all === '{' ? {start, end} : undefined;
			}
		} else if (string === undefined) depth--;
		else if (colon === undefined && named && found === path.length) {
			const after = /^\s*,?/.exec(text.slice(end))?.[0] ?? '';
			const before = after.endsWith(',') ? '' : (/,\s*$/.exec(text.slice(0, start))?.[0] ?? '');
			return {start: start - before.length, end: end + (after.endsWith(',') ? after.length : 0)};
		}

		start = -1;
		if (colon !== undefined && depth === found + 1 && found < path.length && JSON.parse(string ?? '') === path[found]) {
			found++;
			({index: start} = token);
		}
	}

	return undefined;
}
