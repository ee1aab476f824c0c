import {createLedger, payloadOf, problem, serveOnce} from '../support/serve-once.ts';
import {keyOf} from '../../src/server/key.ts';
import {startFaultyServer, type FaultyServer} from '../support/faulty-server.ts';

/** One charge that took place. */
export type Effect = {readonly operation: string; readonly key: string};

/** Awaited by the server at two moments: the key is taken and nothing is charged; it is charged and not yet told. */
export type Hooks = {
	inFlight?: (effect: Effect) => Promise<void> | void;
	charged?: (effect: Effect) => Promise<void> | void;
};

export type Shop = FaultyServer & {
	/** In order. */
	readonly effects: readonly Effect[];
	hooks: Hooks;
};

/** A server on loopback that honours keys, to which `POST /name` is one charge for the operation of that name. */
export async function startShop(): Promise<Shop> {
	const ledger = createLedger({retention: Infinity, now: () => 0});
	const effects: Effect[] = [];

	const server = await startFaultyServer(async request => {
		const key = keyOf(request.headers);
		if (key === null || key === undefined) return problem('missing');
		const operation = decodeURIComponent(new URL(request.url).pathname.slice(1));
		return serveOnce(ledger, {key, payload: await payloadOf(request)}, 'success', async () => {
			await shop.hooks.inFlight?.({operation, key});
			const charge = effects.push({operation, key});
			await shop.hooks.charged?.({operation, key});
			return Response.json({operation, charge}, {status: 201});
		});
	});

	const shop: Shop = {...server, effects, hooks: {}};
	return shop;
}
