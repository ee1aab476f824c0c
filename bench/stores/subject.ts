import type {Store} from 'latchkey';

/** A store on its engine, and what is done without it. */
export type Subject = {
	readonly name: string;
	readonly store: Store;
	/** A row of about the size of a record is inserted, then updated, with the same client and the same durability. */
	readonly byHand: (id: string) => Promise<void>;
	/** The same, where it takes a script to write only if nobody else has. Where it does not, by hand is all there is. */
	readonly byScript?: (id: string) => Promise<void>;
	readonly growth?: Growth;
	readonly close: () => Promise<void>;
};

/** How a store is made large, faster than by its own steps. */
export type Growth = {
	/** So many copies of the one record that is there. */
	readonly fill: (count: number) => Promise<void>;
	/** Lets the time of so many of them be over. */
	readonly expire: (count: number) => Promise<void>;
	/** Resolves once they have gone. */
	readonly sweep: () => Promise<unknown>;
};

/** A row written by hand, of the columns and the size of a record. */
export function begunRow(id: string): Record<string, string> & {readonly owner: string} {
	const now = String(Date.now());
	return {
		id,
		scope: '',
		name: `["${id}"]`,
		version: '1',
		key: crypto.randomUUID(),
		fingerprint: 'f'.repeat(64),
		status: 'sending',
		http_status: '',
		final: '0',
		freed: '0',
		ambiguous: '0',
		awaited: '0',
		owner: `${crypto.randomUUID()}/1`,
		token: '1',
		lease_until: now,
		created_at: now,
		updated_at: now,
		key_until: now,
		keep_until: '',
	};
}

/** What the second write changes in it. */
export function settledFields(): Record<string, string> {
	const now = String(Date.now());
	return {status: 'succeeded', http_status: '201', owner: '', lease_until: '0', updated_at: now, keep_until: now};
}

export const handColumns: readonly string[] = Object.keys(begunRow(''));
export const settledColumns: readonly string[] = Object.keys(settledFields());
