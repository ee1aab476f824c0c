import {isSame, type Payload} from './payload.ts';

/** An answer as the server saved it. */
export type SavedAnswer = {
	readonly status: number;
	readonly statusText: string;
	readonly headers: ReadonlyArray<[string, string]>;
	readonly body: Uint8Array<ArrayBuffer>;
};

export type Entry =
	/** The key is the caller's, who says how it ended: with an answer to repeat, or with nothing to remember. */
	| {readonly status: 'begun'; save(answer: SavedAnswer): void; release(): void}
	| {readonly status: 'running'}
	| {readonly status: 'finished'; readonly answer: SavedAnswer}
	/** The key belongs to another payload. */
	| {readonly status: 'mismatch'};

export type Ledger = {begin(key: string, payload: Payload): Entry};

export type LedgerOptions = {
	/** How long a key is remembered, counted from its first request, in milliseconds. After that it executes again. */
	readonly retention: number;
	readonly now: () => number;
};

/** What a server remembers of the keys it has seen. `begin` is one synchronous step: of many at once, one begins. */
export function createLedger({retention, now}: LedgerOptions): Ledger {
	type Row = {readonly payload: Payload; readonly until: number; answer?: SavedAnswer};
	const rows = new Map<string, Row>();

	return {
		begin(key, payload) {
			const row = rows.get(key);
			if (row !== undefined && (row.answer === undefined || now() < row.until)) {
				if (!isSame(row.payload, payload)) return {status: 'mismatch'};
				return row.answer === undefined ? {status: 'running'} : {status: 'finished', answer: row.answer};
			}

			const begun: Row = {payload, until: now() + retention};
			rows.set(key, begun);
			return {
				status: 'begun',
				save(answer) {
					begun.answer = answer;
				},
				release() {
					rows.delete(key);
				},
			};
		},
	};
}
