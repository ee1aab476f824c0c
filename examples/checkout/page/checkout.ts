import {
	createFetch,
	ietf,
	isLatchkeyError,
	type LatchkeyEvent,
	type OperationHandle,
	operationOf,
	unfinished,
} from 'latchkey';
import type {Order} from '../goods.ts';

/** How a press of Pay ended. */
export type Ending =
	| {readonly kind: 'paid'; readonly receipt: number | undefined}
	| {readonly kind: 'declined'; readonly why: string}
	| {readonly kind: 'not-sent'}
	| {readonly kind: 'changed'}
	| {readonly kind: 'unknown'}
	| {readonly kind: 'broken'; readonly why: string};

export type Checkout = {
	/** The purchase of this cart: where it stands, and the ways out. */
	readonly purchase: OperationHandle;
	readonly pay: (order: Order) => Promise<Ending>;
	/** When a payment of this cart was begun whose end is not known, in milliseconds since the epoch. */
	readonly unfinishedSince: () => Promise<number | undefined>;
};

const DAY = 24 * 60 * 60 * 1_000;

/** All of latchkey that this page needs. */
export function openCheckout(cart: string, onEvent: (event: LatchkeyEvent) => void): Checkout {
	const fetch = createFetch({
		// This shop remembers a key for as long as it is open, with refusals too. A day is safe to count on.
		dialect: ietf({retention: DAY, saves: 'errors'}),
		timeout: 10_000,
		// 1 s, 3 s, 5 s: slow enough to watch.
		retry: {limit: 3, delay: retry => 2_000 * retry - 1_000},
		onEvent,
	});
	const name = ['checkout', cart] as const;
	const purchase = operationOf(fetch, name);

	return {
		purchase,
		async pay(order) {
			try {
				const headers = {'content-type': 'application/json'};
				const init = {method: 'POST', headers, body: JSON.stringify(order)};
				return await endingOf(await purchase.fetch('/api/pay/latchkey', init));
			} catch (error) {
				return endingOfError(error);
			}
		},
		async unfinishedSince() {
			const open = await unfinished(fetch);
			return open.find(({operation}) => operation.join() === name.join())?.since;
		},
	};
}

async function endingOf(response: Response): Promise<Ending> {
	if (response.ok) {
		const {receipt} = (await response.json()) as {receipt: number};
		return {kind: 'paid', receipt};
	}

	const {detail} = (await response.json()) as {detail?: string};
	return {kind: 'declined', why: detail ?? `The shop answered ${response.status}.`};
}

function endingOfError(error: unknown): Ending {
	if (isLatchkeyError(error, 'ALREADY_SUCCEEDED')) return {kind: 'paid', receipt: undefined};
	if (isLatchkeyError(error, 'PAYLOAD_CHANGED')) return {kind: 'changed'};
	if (isLatchkeyError(error, 'OUTCOME_UNKNOWN')) return {kind: 'unknown'};
	if (isLatchkeyError(error, 'NOT_SENT')) return {kind: 'not-sent'};
	if (isLatchkeyError(error, 'REFUSED')) return {kind: 'declined', why: 'It was refused in another tab.'};
	return {kind: 'broken', why: error instanceof Error ? error.message : String(error)};
}
