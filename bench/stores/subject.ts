import type {Store} from 'latchkey';

/** A store on its engine, and what is done without it. */
export type Subject = {
	readonly name: string;
	readonly store: Store;
	/** A row of about the size of a record is inserted, then updated, with the same client and the same durability. */
	readonly byHand: (id: string) => Promise<void>;
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

/** The columns that two writes by hand fill; the second changes the last four. */
export const handColumns = ['id', 'key', 'fingerprint', 'created_at', 'status', 'owner', 'lease_until', 'keep_until'];

export function handValues(id: string): [string, string, string, string, string, string, string, string] {
	return [
		id,
		crypto.randomUUID(),
		'f'.repeat(64),
		'1800000000000',
		'sending',
		`${process.pid}/1`,
		'1800000010000',
		'0',
	];
}

export const handSettled = ['succeeded', '', '0', '1807776000000'] as const;
