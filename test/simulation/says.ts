import type {Reply, Standing} from './server.ts';
import type {ServerKind} from './servers.ts';

/** How a server says what it has to say of a key. */
export type Says = {
	/** The first request is still at work. */
	readonly busy: (key: string) => Reply;
	/** The key was used for another payload; `undefined`: it does not look. */
	readonly used: (key: string) => Reply | undefined;
	/** What the first request made is there. */
	readonly exists: (key: string) => Reply;
	/** The answer to the first request, once more. */
	readonly again: (first: Reply, key: string) => Reply;
	/** The key is too old to be told from a new one; `undefined`: it is taken for one. */
	readonly expired: (key: string) => Reply | undefined;
	/** It is taken, and will be done. */
	readonly taken: (key: string) => Reply;
	/** What became of what was taken: to who sends it again, and to who asks. */
	readonly current: (status: Exclude<Standing, 'processing'>) => Reply;
	readonly standing: (status: Standing) => unknown;
	/** What stands beside the rest in the answer to what was done. */
	readonly made?: object;
};

const marker = {'idempotent-replayed': 'true'};

/** In the words of this simulation. */
export function plainly(kind: Pick<ServerKind, 'busy' | 'marked' | 'used'>): Says {
	return {
		busy() {
			if (kind.busy === 'bare') return {status: 409};
			return kind.busy === 'marked'
				? {status: 409, headers: marker, body: {message: 'It is being processed.'}}
				: {status: 409, headers: {'retry-after': '1'}, body: {code: 'idempotency_request_in_progress'}};
		},
		used: () => ({status: 422, body: kind.used}),
		exists: key => ({
			status: 409,
			headers: {location: `/payments/${key}`},
			body: {code: 'order_exists', madeUnder: key},
		}),
		again: first => (kind.marked ? {...first, headers: {...first.headers, ...marker}} : first),
		expired: () => undefined,
		taken: key => ({
			status: 202,
			headers: {location: `/payments/${key}`},
			body: {status: 'processing', key},
			open: true,
		}),
		current: status => ({status: status === 'paid' ? 201 : 402, headers: marker, body: {status}}),
		standing: status => ({status}),
	};
}
