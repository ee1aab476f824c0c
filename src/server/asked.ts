import {mistake} from '../mistake.ts';
import type {Subject} from './entry.ts';
import {fingerprintOf, scopeOf} from './identity.ts';
import {keyOf} from './key.ts';
import type {GuardSettings} from './options.ts';
import {problem} from './problem.ts';

/** RFC 9110 §9.2.1. Nothing of theirs takes effect. */
const safe = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'QUERY']);

export function isSafe({method}: Request): boolean {
	return safe.has(method.toUpperCase());
}

/** Under which key a request comes, and what makes it this request. */
export type Asked = {readonly subject: Subject; readonly fingerprint: string; readonly body: Uint8Array<ArrayBuffer>};

/** A Response: there is nothing to run. `undefined`: it has no key, and needs none. The request can still be read. */
export async function askedOf<Rest extends readonly unknown[]>(
	{
		scope,
		name,
		required,
		fingerprint,
		keyFrom,
	}: Pick<GuardSettings<Rest>, 'scope' | 'name' | 'required' | 'fingerprint' | 'keyFrom'>,
	request: Request,
	rest: Rest,
): Promise<Asked | Response | undefined> {
	const sent = keyOf(request.headers);
	if (sent === undefined) return problem('key-malformed');
	const none = () => (required ? problem('key-missing') : undefined);
	if (sent === null && !keyFrom) return none();
	const whose = scope && (await scope(request, ...rest));
	if (whose !== null && typeof whose !== 'string') {
		if (typeof whose?.status === 'number') return whose;
		throw mistake('the scope of a guard has to give a string for every request, or a Response');
	}

	if (whose === '') throw mistake('the scope of a guard gave no text for a request');
	let body;
	try {
		body = request.body === null ? new Uint8Array() : new Uint8Array(await request.clone().arrayBuffer());
	} catch {
		// Its caller has gone before it was sent whole.
		return new Response(null, {status: 400});
	}

	const url = new URL(request.url);
	const print = await fingerprintOf(request, url, fingerprint ? await fingerprint(request, body) : body);
	const key = sent ?? (keyFrom === 'content' ? print : await keyFrom?.(request, body));
	if (key === undefined || key === null) return none();
	if (!/^[!-~]{1,255}$/.test(key)) throw mistake('keyFrom of a guard has to give 1 to 255 visible ASCII characters');
	return {
		subject: {
			guard: name,
			scope: await scopeOf(whose),
			method: request.method.toUpperCase(),
			path: url.pathname,
			key,
		},
		fingerprint: print,
		body,
	};
}
