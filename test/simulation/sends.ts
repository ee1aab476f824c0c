import type {FetchOptions} from '../../src/options.ts';
import type {InTime} from './in-time.ts';
import type {Pace} from './pace.ts';
import type {Wire} from './wire.ts';

type Send = NonNullable<FetchOptions['fetch']>;

/** Sees what latchkey sends, and what it gets, whatever the application's `fetch` does beyond that. */
export function watched(send: Send, {keyOf, payloadOf}: Wire, pace: Pace, inTime: InTime): Send {
	return async (input, init = {}) => {
		if (init.method === 'GET') return send(input, init);
		const key = keyOf(input, init) ?? '';
		const body = payloadOf(init.body as string);
		const {operation} = JSON.parse(body) as {operation: string};
		pace.sends(operation);
		inTime.sends(key);
		const response = await send(input, init);
		if (init.signal?.aborted) return response;
		pace.receives(operation, response);
		inTime.receives({operation, key, body, response});
		return response;
	};
}
