import type {OperationRecord} from '../operation/record.ts';

/** What stands in the store, as of one moment of its own clock. `revision` changes with every write; `0`: no record. */
export type Found<T = OperationRecord> = {
	readonly record: T | undefined;
	readonly revision: number;
	readonly now: number;
};

/** One record of an engine that is written by compare-and-set. */
export type Cell<T = OperationRecord> = {
	readonly read: () => Promise<Found<T>>;
	/** Writes if the revision still is that of `found`; otherwise answers what stands there now, if it knows. */
	readonly write: (record: T, found: Found<T>) => Promise<'written' | 'changed' | Found<T>>;
};

/** Each lost try is somebody else's write, so this many in a row are no contention any more but a fault. */
export const MOST_TRIES = 50;

/**
 * One atomic step by a pure rule: look, decide, write if nothing has changed since, and otherwise decide anew. The
 * rules are the same for every store, and only an engine's clock counts.
 */
export async function stepOn<R, T = OperationRecord>(
	{read, write}: Cell<T>,
	rule: (record: T | undefined, now: number) => {readonly result: R; readonly write?: T},
	seen?: Found<T>,
): Promise<R> {
	let found = seen ?? (await read());
	for (let tries = 0; tries < MOST_TRIES; tries++) {
		const step = rule(found.record, found.now);
		if (step.write === undefined) return step.result;
		const written = await write(step.write, found);
		if (written === 'written') return step.result;
		found = written === 'changed' ? await read() : written;
	}

	throw new Error(`the record was changed by others ${MOST_TRIES} times while it was to be written`);
}
