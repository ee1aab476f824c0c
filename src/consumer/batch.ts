import {isMistake} from '../mistake.ts';
import {MessageBusyError, MessageIdError} from './errors.ts';
import {keyOf, type Message} from './message.ts';
import type {Item, Ran, Result, Runs} from './runs.ts';

/** What a message of a batch came to. */
export type BatchResult =
	| (Result & {readonly acknowledge: true})
	/** `error`: what processing it alone would have thrown. */
	| {readonly status: 'failed'; readonly error: unknown; readonly acknowledge: false}
	/** It was not tried, because one before it of its key failed, or the database did. */
	| {readonly status: 'held'; readonly acknowledge: false};

/** An error: it cannot be told which message it is. */
type Named<M extends Message> = Item<M> | MessageIdError;

type Way<M extends Message> = {
	readonly itemOf: (message: M) => Promise<Item<M> | MessageIdError>;
	readonly runs: Runs<M>;
	readonly settled: (item: Item<M>, ran: Ran) => Promise<Result>;
	readonly refused: (message: M, error: MessageIdError) => Promise<Result>;
};

const done = (result: Result): BatchResult => ({...result, acknowledge: true});
const held: BatchResult = {status: 'held', acknowledge: false};

export async function runBatch<M extends Message>(way: Way<M>, messages: readonly M[]): Promise<BatchResult[]> {
	const items: Array<Named<M>> = [];
	for (const message of messages) items.push(await way.itemOf(message));
	return (await together(way, items)) ?? oneByOne(way, messages, items);
}

/** `undefined`: nothing was processed. */
async function together<M extends Message>(
	{runs}: Way<M>,
	items: ReadonlyArray<Named<M>>,
): Promise<BatchResult[] | undefined> {
	const firsts = new Map<string, Item<M>>();
	for (const item of items) {
		if (item instanceof MessageIdError) return undefined;
		const {id, fingerprint} = item.arrival;
		const first = firsts.get(id);
		if (first && first.arrival.fingerprint !== fingerprint) return undefined;
		if (!first) firsts.set(id, item);
	}

	const unique = [...firsts.values()];
	if (unique.length < 2) return undefined;
	// The database failed: so it may with each, and that is found out there.
	const ran = await runs.runAll(unique).catch(rethrowMistakes);
	if (ran === undefined) return undefined;
	const byItem = new Map(unique.map((item, i) => [item, ran[i] as Result]));
	return items.map(item => done(byItem.get(item as Item<M>) ?? {status: 'duplicate'}));
}

async function oneByOne<M extends Message>(
	{runs, settled, refused}: Way<M>,
	messages: readonly M[],
	items: ReadonlyArray<Named<M>>,
): Promise<BatchResult[]> {
	const results: BatchResult[] = [];
	const stopped = new Set<string>();
	let down = false;
	for (const [i, message] of messages.entries()) {
		const item = items[i] ?? new MessageIdError(undefined);
		const names = namesOf(message, item);
		if (down || names.some(name => stopped.has(name))) {
			results.push(held);
			continue;
		}

		try {
			const result =
				item instanceof MessageIdError
					? await refused(message, item)
					: await settled(item, await runs.run(item).catch(unlessBusy));
			results.push(done(result));
		} catch (error) {
			rethrowMistakes(error);
			for (const name of names) stopped.add(name);
			results.push({status: 'failed', error, acknowledge: false});
		}
	}

	return results;

	function unlessBusy(error: unknown): never {
		down = !(error instanceof MessageBusyError);
		throw error;
	}
}

/** What stops others with it: its key, and its id, which one more copy of it has. */
function namesOf<M extends Message>(message: M, item: Named<M>): string[] {
	const key = keyOf(message);
	return [
		...(key === undefined ? [] : [`key ${key}`]),
		...(item instanceof MessageIdError ? [] : [`id ${item.arrival.id}`]),
	];
}

function rethrowMistakes(error: unknown): undefined {
	if (isMistake(error)) throw error;
	return undefined;
}
