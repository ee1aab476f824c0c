import {isMistake} from '../mistake.ts';
import {after, isPromise, type MaybePromise} from '../utils.ts';
import type {Found, Inbox} from './inbox.ts';
import type {Message} from './message.ts';
import {deliveredOf, lastError, type Delivered, type Item, type Ran, type Runs} from './runs.ts';

/** What a handler is told of a message whose effect is in the database. */
export type Delivery<Tx, M extends Message = Message> = Delivered<M> & {
	/** What its statements run on, for the effect to be there if and only if the message counts as processed. */
	readonly tx: Tx;
};

/** Effect and record in one transaction. */
export function inTransaction<Tx, M extends Message>(
	inbox: Inbox<Tx>,
	handler: (delivery: Delivery<Tx, M>) => MaybePromise<void>,
	consumer: string,
	window: number,
): Runs<M> {
	const handle = (found: Found, item: Item<M>, tx: Tx): MaybePromise<void> =>
		found.status === 'new' ? handler({...deliveredOf(consumer, item, found.attempt), tx}) : undefined;
	/** Whether an error, once a handler has been called, counts against the message. Commits fail of what it wrote, too. */
	const counts = (error: unknown) => !inbox.isTransient(error) && !isMistake(error);

	/** `begin`: it is about to call handlers. */
	async function take(items: ReadonlyArray<Item<M>>, begin: (found: readonly Found[]) => void): Promise<Ran[]> {
		const arrivals = items.map(({arrival}) => arrival);
		return inbox.take(consumer, arrivals, (found, tx) => {
			begin(found);
			const handling = items.map((item, i) => () => handle(found[i] ?? untold(), item, tx));
			return after(inTurn(handling.values()), () => found.map(ranAs));
		});
	}

	return {
		async run(item) {
			let begun = false;
			try {
				const [ran = untold()] = await take([item], () => {
					begun = true;
				});
				return ran;
			} catch (error) {
				if (!begun || !counts(error)) throw error;
				const failed = await inbox.fail(consumer, item.arrival, lastError(error));
				if (failed === undefined) throw error;
				return {status: 'failed', error, ...failed};
			}
		},
		async runAll(items) {
			let begun = false;
			try {
				return await take(items, found => {
					begun = true;
					// One that is refused stops its key: that is told one by one.
					if (found.some(({status}) => status === 'reused')) throw new Error('the id of one is reused');
				});
			} catch (error) {
				if (!begun || !counts(error)) throw error;
				return undefined;
			}
		},
		mark: async (id, as) => inbox.mark(consumer, id, as),
		sweep: async () => inbox.sweep(consumer, window),
	};
}

function ranAs(found: Found): Ran {
	if (found.status === 'new') return {status: 'processed', attempt: found.attempt};
	return {status: found.status === 'processed' ? 'duplicate' : found.status};
}

/** Each after the one before it, and at once where none takes time. */
function inTurn(all: Iterator<() => MaybePromise<void>>): MaybePromise<void> {
	for (let next = all.next(); !next.done; next = all.next()) {
		const result = next.value();
		if (isPromise(result)) return inTurnFrom(result, all);
	}
}

async function inTurnFrom(first: Promise<void>, all: Iterator<() => MaybePromise<void>>): Promise<void> {
	await first;
	for (let next = all.next(); !next.done; next = all.next()) await next.value();
}

/** An inbox that tells of too few has a fault, and nothing may count as processed then. */
function untold(): never {
	throw new TypeError('the inbox has not told of every message');
}
