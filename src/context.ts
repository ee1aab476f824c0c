import type {Environment} from './environment.ts';
import type {FetchInput} from './fetch-types.ts';
import {mistake} from './mistake.ts';
import type {Operations} from './operation/operations.ts';
import type {CallOptions, Settings} from './options.ts';

/** Under it a fetch carries what `operationOf`, `unfinished` and `forgetAll` need of it. */
export const latchkey: unique symbol = Symbol.for('latchkey');

/** A fetch of `createFetch`, a client of `createClient`, or what one of them was assigned to (`Object.assign(wrapper, fetch)`). */
export type WithOperations = {readonly [latchkey]: object};

/** What a fetch was made with. */
export type Context = {
	readonly environment: Environment;
	readonly settings: Settings;
	readonly operations: Operations;
	/** The call itself, its options checked. */
	readonly send: (input: FetchInput, init: RequestInit & CallOptions) => Promise<Response>;
};

/** `asker`: the function that was given it. Throws a TypeError for what carries none, such as a bare wrapper. */
export function contextOf(fetch: WithOperations, asker: string): Context {
	const context = (Object(fetch) as Partial<WithOperations>)[latchkey];
	if (context !== undefined) return context as Context;
	throw mistake(
		`${asker}() takes a fetch of createFetch() or a client of createClient(). A function around one carries no operations: give the fetch itself, or Object.assign(wrapper, fetch)`,
	);
}
