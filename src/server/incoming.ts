import {askedOf, type Asked, type Incoming} from './asked.ts';
import {mistake} from '../mistake.ts';
import {responseOf} from './kept.ts';
import type {GuardSettings} from './options.ts';

type Settings<Rest extends readonly unknown[]> = Pick<GuardSettings<Rest>, 'scope' | 'fingerprint' | 'keyFrom'>;

/** A request of Fetch's kind. It can still be read after it. */
export function incoming<Rest extends readonly unknown[]>(
	{scope, fingerprint, keyFrom}: Settings<Rest>,
	request: Request,
	rest: Rest,
): Incoming {
	const {pathname: path, search} = new URL(request.url);
	return {
		method: request.method.toUpperCase(),
		path,
		search,
		header: name => request.headers.get(name),
		whose: scope && (() => scope(request, ...rest)),
		async body() {
			if (request.bodyUsed) throw mistake('the body was read before the guard');
			try {
				return request.body === null ? new Uint8Array() : new Uint8Array(await request.clone().arrayBuffer());
			} catch {
				return undefined;
			}
		},
		fingerprint: fingerprint && (body => fingerprint(request, body)),
		keyFrom: typeof keyFrom === 'function' ? body => keyFrom(request, body) : keyFrom,
	};
}

/** What it asks for. A Response: there is nothing to run. `undefined`: it has no key, and needs none. */
export async function askedBy<Rest extends readonly unknown[]>(
	settings: Settings<Rest> & Pick<GuardSettings<Rest>, 'name' | 'required'>,
	request: Request,
	rest: Rest,
): Promise<Asked | Response | undefined> {
	const asked = await askedOf(settings, incoming(settings, request, rest));
	switch (asked.type) {
		case 'asked':
			return asked;
		case 'refused':
			return responseOf(asked.answer);
		case 'passed':
			return asked.response;
		case 'keyless':
			return undefined;
	}
}
