import type {Arrival, Found, Inbox} from '../../src/consumer/inbox.ts';
import type {Row} from '../../src/consumer/relay.ts';
import {isTransient} from '../../src/consumer/transient.ts';

/** How a statement gets there and back, if it does. */
export type Ask = <T>(
	statement: 'begin' | 'run' | 'write' | 'commit' | 'alone',
	act: () => T | Promise<T>,
) => Promise<T>;

type State = 'processed' | 'failed' | 'dead' | 'skipped';
type Kept = {readonly fingerprint: string; readonly state: State; readonly attempts: number; readonly at: number};

/** A transaction as its server sees it. */
export type Tx = {
	readonly ask: Ask;
	readonly locks: string[];
	readonly writes: string[];
	readonly rows: Map<string, Kept>;
	ended: boolean;
};

/**
 * What Postgres does for an inbox and an outbox, in memory: rows that are locked until their transaction ends, and commits of
 * all or nothing. `committed` sees each effect at the moment when it is there.
 */
export function createDatabase(now: () => number, committed: (consumer: string, name: string) => void) {
	const rows = new Map<string, Kept>();
	const held = new Map<string, {readonly by: object; readonly waiting: Array<() => void>}>();
	const outbox = new Map<string, Row>();

	async function lock(tx: Pick<Tx, 'locks' | 'ended'>, name: string): Promise<void> {
		for (let other = held.get(name); other && other.by !== tx; other = held.get(name)) {
			const {waiting} = other;
			await new Promise<void>(resolve => waiting.push(resolve));
		}

		// Whoever has gone meanwhile would hold it for ever.
		if (tx.ended) throw lost();
		if (!held.has(name)) held.set(name, {by: tx, waiting: []});
		tx.locks.push(name);
	}

	function end(tx: Pick<Tx, 'locks' | 'ended'>): void {
		tx.ended = true;
		for (const name of tx.locks.splice(0)) {
			const waiting = held.get(name)?.waiting ?? [];
			held.delete(name);
			for (const wake of waiting) wake();
		}
	}

	/** Locks one row, and changes it. */
	async function alone<T>(name: string, change: (row: Kept | undefined) => T): Promise<T> {
		const tx = {locks: [], ended: false};
		await lock(tx, name);
		try {
			return change(rows.get(name));
		} finally {
			end(tx);
		}
	}

	/** The inbox as one process reaches it; `dies`: is told how its transactions end when it does. */
	function inboxOf(ask: Ask, dies: (rollBack: () => void) => void = () => undefined): Inbox<Tx> {
		return {
			async take(consumer, arrivals, run) {
				const tx: Tx = {ask, locks: [], writes: [], rows: new Map(), ended: false};
				dies(() => {
					end(tx);
				});
				try {
					await ask('begin', () => undefined);
					const found = await ask('run', async () => take(tx, consumer, arrivals));
					const result = await run(found, tx);
					await ask('commit', () => {
						if (tx.ended) throw lost();
						for (const [name, row] of tx.rows) rows.set(name, row);
						for (const name of tx.writes) committed(consumer, name);
						end(tx);
					});
					return result;
				} finally {
					end(tx);
				}
			},
			fail: async (consumer, {id, fingerprint}) =>
				ask('alone', async () =>
					alone(placeOf(consumer, id), row => {
						if (row && (row.fingerprint !== fingerprint || !isOpen(row))) return undefined;
						const {state = 'failed', attempts = 0} = row ?? {};
						rows.set(placeOf(consumer, id), {fingerprint, state, attempts: attempts + 1, at: now()});
						return {attempts: attempts + 1, dead: state === 'dead'};
					}),
				),
			mark: async (consumer, id, as) =>
				ask('alone', async () =>
					alone(placeOf(consumer, id), row => {
						if (!row || (as === 'new' ? row.state === 'processed' : !isOpen(row))) return false;
						const made = as === 'new' ? {...row, state: 'failed' as const, attempts: 0} : {...row, state: as};
						rows.set(placeOf(consumer, id), {...made, at: now()});
						return true;
					}),
				),
			async sweep(consumer, window) {
				const old = [...rows].filter(([name, {at}]) => name.startsWith(placeOf(consumer, '')) && at <= now() - window);
				for (const [name] of old) rows.delete(name);
				return old.length;
			},
			isTransient,
		};
	}

	async function take(tx: Tx, consumer: string, arrivals: readonly Arrival[]): Promise<Found[]> {
		const sorted = arrivals.map(({id}) => placeOf(consumer, id)).toSorted();
		for (const name of sorted) await lock(tx, name);
		return arrivals.map(({id, fingerprint}): Found => {
			const name = placeOf(consumer, id);
			const row = rows.get(name);
			if (row && row.fingerprint !== fingerprint) return {status: 'reused'};
			if (row?.state === 'processed' || row?.state === 'skipped') return {status: row.state};
			const attempt = (row?.attempts ?? 0) + 1;
			tx.rows.set(name, {fingerprint, state: 'processed', attempts: attempt, at: now()});
			return {status: 'new', attempt};
		});
	}

	return {
		inboxOf,
		/** A statement of a handler. */
		write: async (tx: Tx, name: string) =>
			tx.ask('write', () => {
				tx.writes.push(name);
			}),
		stateOf: (consumer: string, id: string) => rows.get(placeOf(consumer, id))?.state,
		outbox,
		/** One pass of a relay, as a transaction: the lanes that nobody else is at, locked until it ends. */
		passOf(ask: Ask, dies: (rollBack: () => void) => void) {
			return async (
				away: readonly string[],
				batch: number,
				run: (due: readonly Row[]) => Promise<readonly string[]>,
			): Promise<void> => {
				const tx = {locks: [] as string[], ended: false};
				dies(() => {
					end(tx);
				});
				try {
					const due = await ask('begin', async () => {
						const waiting = [...outbox.values()];
						const free = new Set(waiting.map(({lane}) => lane).filter(lane => !held.has(`lane ${lane}`)));
						for (const lane of free) await lock(tx, `lane ${lane}`);
						return waiting.filter(({lane}) => free.has(lane) && !away.includes(lane)).slice(0, batch);
					});
					const published = await run(due);
					await ask('commit', () => {
						if (tx.ended) throw lost();
						for (const id of published) outbox.delete(id);
						end(tx);
					});
				} finally {
					end(tx);
				}
			};
		},
	};
}

const placeOf = (consumer: string, id: string) => `${consumer} ${id}`;
const isOpen = ({state}: Kept) => state === 'failed' || state === 'dead';

/** What pg throws of a connection that is gone. */
export function lost(): Error {
	return Object.assign(new Error('Connection terminated unexpectedly'), {code: '08006'});
}
