import {clock, type Environment} from '../environment.ts';
import {mistake} from '../mistake.ts';
import {ifReadable} from '../utils.ts';
import {shown} from '../shown.ts';
import {decodeRecord, type OperationRecord} from '../operation/record.ts';
import {connectTo} from './indexeddb/connection.ts';
import {lockPresence, tabNews} from './indexeddb/tabs.ts';
import {claimRule} from './claim-rule.ts';
import {forgetRule, renewRule, settleRule, sweepRule, type Step} from './rules.ts';
import type {OperationId, Store} from './store.ts';

export type IndexedDbStoreOptions = {
	/**
	 * The database. Clients with the same one share their operations.
	 *
	 * @default 'latchkey'
	 */
	readonly name?: string;
};

/**
 * Keeps records in IndexedDB: they outlive reloads and crashes, and all tabs and workers of the origin share them.
 * The default in browsers. Every step is one readwrite transaction with `strict` durability, and is answered once
 * that is complete. The database is opened on first use, so that this may be called where there is none.
 *
 * A step throws a `StoreUnavailableError` where IndexedDB is missing or forbidden, and otherwise the browser's own
 * `DOMException` (`QuotaExceededError`, `VersionError`, …) or what is wrong with the stored record.
 *
 * @throws {TypeError} for any other option, and for a name that is no text.
 * @example
 * const fetch = createFetch({store: indexedDbStore({name: 'checkout'})});
 */
export function indexedDbStore(options?: IndexedDbStoreOptions): Store {
	return indexedDbStoreIn(clock, options);
}

type Rule<R> = (record: OperationRecord | undefined, now: number) => Step<R>;

/** @internal */
export function indexedDbStoreIn(environment: Pick<Environment, 'now'>, options: IndexedDbStoreOptions = {}): Store {
	const databaseName = nameIn(options);
	const connection = connectTo(databaseName);
	const news = tabNews(`latchkey:${databaseName}`);
	const locks = ifReadable(() => globalThis.navigator?.locks);

	function step<R>({scope, name}: OperationId, rule: Rule<R>): Promise<R> {
		return connection.transact(
			'readwrite',
			records => records.get([scope, name]),
			(stored: unknown, records) => {
				const record = stored === undefined ? undefined : decodeRecord(stored);
				const {result, write} = rule(record, environment.now());
				if (write !== undefined) records.put(write);
				return result;
			},
		);
	}

	/** A step that other realms hear of, where this is what it came to. */
	async function heardOf<R extends {readonly status: string}>(
		status: R['status'],
		id: OperationId,
		rule: Rule<R>,
	): Promise<R> {
		const result = await step(id, rule);
		if (result.status === status) news.post(id);
		return result;
	}

	return {
		durable: true,
		claim: (id, claim) => heardOf('claimed', id, (record, now) => claimRule(id, record, claim, now)),
		renew: (id, renewal) => step(id, (record, now) => renewRule(record, renewal, now)),
		settle: (id, settlement) => heardOf('done', id, (record, now) => settleRule(record, settlement, now)),
		forget: (id, freeing) => heardOf('freed', id, (record, now) => forgetRule(record, freeing, now)),
		list: (scope, name) =>
			connection.transact(
				'readonly',
				records => records.getAll(name === undefined ? wholeScope(scope) : [scope, name]),
				// As they stand: one that cannot be read keeps no others from being listed.
				(stored: OperationRecord[]) => stored.map(record => ({record, now: environment.now()})),
			),
		sweep() {
			let swept = 0;
			return connection.transact(
				'readwrite',
				records => records.openCursor(),
				cursor => {
					if (cursor !== null && sweepAt(cursor, environment.now())) swept++;
					cursor?.continue();
					return swept;
				},
			);
		},
		watch: (id, listener) => news.watch(id, listener),
		...(locks !== undefined && {presence: lockPresence(locks)}),
		close() {
			news.close();
			return connection.close();
		},
	};
}

function nameIn(options: IndexedDbStoreOptions): string {
	const given = Object(options) === options ? Object.keys(options) : [shown(options)];
	const other = given.find(option => option !== 'name');
	if (other) throw mistake(`indexedDbStore takes {name}, not ${other}`);
	const {name = 'latchkey'} = options;
	if (typeof name === 'string') return name;
	throw mistake(`name takes a string, not ${shown(name)}`);
}

/** Keys are `[scope, name]`, and an array sorts after every string. */
function wholeScope(scope: string): IDBKeyRange {
	return IDBKeyRange.bound([scope], [scope, []]);
}

/** Whether the record went. One that cannot be read is left alone: it may be of a later release, and open. */
function sweepAt(cursor: IDBCursorWithValue, now: number): boolean {
	const record = readable(cursor.value);
	if (record === undefined) return false;
	const left = sweepRule(record, now);
	if (left === undefined) cursor.delete();
	else if (left !== record) cursor.update(left);
	return left === undefined;
}

function readable(stored: unknown): OperationRecord | undefined {
	try {
		return decodeRecord(stored);
	} catch {
		return undefined;
	}
}
