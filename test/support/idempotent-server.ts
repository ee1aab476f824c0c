import {keyOf} from '../../src/server/key.ts';
import {createLedger, payloadOf, problem, serveOnce, type Saves} from './serve-once.ts';
import {startFaultyServer, type FaultyServer} from './faulty-server.ts';

export type IdempotentServer = FaultyServer & {
	/** How often each key had its effect. */
	readonly effects: ReadonlyMap<string, number>;
};

export type IdempotentServerOptions = {
	readonly saves?: Saves;
	/** In milliseconds of `now`. */
	readonly retention?: number;
	readonly now?: () => number;
	/** What the server does; a 2xx is an effect. Default: 201 with the key, and how often it was charged. */
	readonly resolver?: (request: Request) => Response | Promise<Response>;
};

/** A real HTTP server that honours idempotency keys as the kit's endpoint does, and whose connections break as scripted. */
export async function startIdempotentServer(options: IdempotentServerOptions = {}): Promise<IdempotentServer> {
	const {saves = 'errors', retention = Infinity, now = () => 0, resolver} = options;
	const ledger = createLedger({retention, now});
	const effects = new Map<string, number>();

	const server = await startFaultyServer(async (request, hold) => {
		const key = keyOf(request.headers);
		if (key === null || key === undefined) return problem(key === null ? 'missing' : 'malformed');
		const payload = await payloadOf(request);
		return serveOnce(ledger, {key, payload}, saves, async () => {
			await hold;
			const charges = (effects.get(key) ?? 0) + 1;
			const response = (await resolver?.(request)) ?? Response.json({key, charges}, {status: 201});
			if (response.ok) effects.set(key, charges);
			return response;
		});
	});

	return {...server, effects};
}
