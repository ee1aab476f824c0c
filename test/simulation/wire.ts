import {keyIn} from '../../src/dialects/answers.ts';
import type {ServerKind} from './servers.ts';

/** What a request says, as the server of that kind reads it. */
export function createWire({dialect}: Pick<ServerKind, 'dialect'>) {
	return {
		keyOf: (input: RequestInfo | URL, {headers, body}: RequestInit): string | undefined =>
			keyIn(dialect, new Headers(headers), {url: urlOf(input), body}) ?? undefined,
		/** The body as its application wrote it: without the key, where that is borne there. */
		payloadOf(body: string): string {
			if (!dialect.carrier) return body;
			const {operation, cart} = JSON.parse(body) as {operation: string; cart: number};
			return JSON.stringify({operation, cart});
		},
		/** Whether it bears the key somewhere else than where it belongs. */
		isAstray: ({headers}: RequestInit): boolean =>
			dialect.carrier !== undefined && new Headers(headers).has(dialect.header),
		bearsKey: ({headers}: RequestInit): boolean => new Headers(headers).has(dialect.header),
	};
}

export type Wire = ReturnType<typeof createWire>;

function urlOf(input: RequestInfo | URL): string {
	return input instanceof Request ? input.url : String(input);
}
