import {keyOf} from '../../../src/server/key.ts';
import {createLedger, payloadOf, problem, serveOnce} from '../../../test/support/serve-once.ts';
import {cards, totalOf, type Order} from '../goods.ts';

export type Charge = {
	readonly cart: string;
	/** In cents. */
	readonly amount: number;
	readonly card: string;
	/** `null` where the client sent none. */
	readonly key: string | null;
};

export type Attempt = {
	readonly key: string | null;
	/** When it arrived, in milliseconds since the epoch. */
	readonly at: number;
};

export type Fault = {
	/** Answers 503 before anything is done. */
	readonly unavailable?: boolean;
	/** How long the charge takes, in milliseconds. */
	readonly work?: number;
	/** Once it is charged: the answer never comes, or comes this much later, in milliseconds. */
	readonly answer?: 'lost' | number;
};

/** One counter of the shop. It honours keys, charges without one as often as it is asked, and fails as told. */
export type Till = {
	readonly attempts: readonly Attempt[];
	readonly charges: readonly Charge[];
	/** What goes wrong with which attempt, counted from 1 and from now on. */
	readonly misbehave: (faultOf: (attempt: number) => Fault) => void;
	/** `undefined`: the connection is to be cut. */
	readonly pay: (request: Request) => Promise<Response | undefined>;
	/** Resolves when nobody is being served any more, whether or not they still listen. */
	readonly idle: () => Promise<void>;
};

export type TillOptions = {
	readonly pause: (ms: number) => Promise<unknown>;
	readonly onCharge: (charge: Charge) => void;
};

export function createTill({pause, onCharge}: TillOptions): Till {
	// For ever: a shop that restarts is not part of the show.
	const remembered = createLedger({retention: Number.POSITIVE_INFINITY, now: () => Date.now()});
	const attempts: Attempt[] = [];
	const charges: Charge[] = [];
	const serving = new Set<Promise<unknown>>();
	let faultOf: (attempt: number) => Fault = () => ({});
	let counted = 0;

	async function charge(order: Order, key: string | null): Promise<Response> {
		const card = cards.find(({id}) => id === order.card);
		if (card === undefined || 'declined' in card)
			return Response.json({title: 'Card declined', detail: 'The bank refused this card.'}, {status: 402});
		const charged = {cart: order.cart, amount: totalOf(order), card: card.id, key};
		charges.push(charged);
		onCharge(charged);
		return Response.json({receipt: charges.length, ...charged}, {status: 201});
	}

	async function serve(request: Request): Promise<Response | undefined> {
		const key = keyOf(request.headers);
		const fault = faultOf(++counted);
		attempts.push({key: key ?? null, at: Date.now()});
		if (key === undefined) return problem('malformed');
		if (fault.unavailable) return Response.json({title: 'Try again later'}, {status: 503});

		const payload = await payloadOf(request);
		const order = (await request.json()) as Order;
		const work = async () => {
			await pause(fault.work ?? 0);
			return charge(order, key);
		};
		const response = key === null ? await work() : await serveOnce(remembered, {key, payload}, 'errors', work);
		if (fault.answer === 'lost') return undefined;
		await pause(fault.answer ?? 0);
		return response;
	}

	return {
		attempts,
		charges,
		misbehave(next) {
			faultOf = next;
			counted = 0;
		},
		async pay(request) {
			const served = serve(request);
			const done = served.catch(() => undefined);
			serving.add(done);
			void done.finally(() => serving.delete(done));
			return served;
		},
		async idle() {
			while (serving.size > 0) await Promise.all(serving);
		},
	};
}
