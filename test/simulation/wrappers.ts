import {isLatchkeyError} from '../../src/errors.ts';
import type {Wrapper} from './plan.ts';

type Fetch = (input: RequestInfo | URL, init?: RequestInit) => Promise<Response>;

/** An application's `fetch` that does more than send, around one that only does that. */
export function wrapped(
	fetch: Fetch,
	wrapper: Wrapper,
	isCalm: () => boolean,
	repeats: (input: RequestInfo | URL, init: RequestInit) => void,
): Fetch {
	let answers = 0;
	switch (wrapper) {
		case 'spreads':
			return async (input, init) =>
				fetch(input, {...init, headers: {...(init?.headers as Record<string, string>), 'x-app': 'shop'}});
		case 'appends':
			return async (input, init = {}) => {
				const headers = init.headers as Record<string, string>;
				headers['x-hops'] = String(Number(headers['x-hops'] ?? 0) + 1);
				return fetch(input, init);
			};
		case 'audits':
			return async (input, init) => {
				const response = await fetch(input, init);
				if (isCalm() || ++answers % 3 !== 0) return response;
				throw refusedConnection();
			};
		case 'retries':
			return async (input, init) => {
				try {
					return await fetch(input, init);
				} catch (error) {
					if (init?.signal?.aborted || isLatchkeyError(error)) throw error;
					if (init) repeats(input, init);
					return fetch(input, init).catch((again: unknown) => {
						throw isLatchkeyError(again) ? refusedConnection() : again;
					});
				}
			};
		default:
			return fetch;
	}
}

/** Somebody's connection was refused: not the one that the request went over. */
function refusedConnection(): TypeError {
	return new TypeError('fetch failed', {cause: {code: 'ECONNREFUSED', syscall: 'connect', port: 9}});
}
