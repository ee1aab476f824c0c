import {clock, type Environment} from '../environment.ts';
import {mistake} from '../mistake.ts';
import {isOpen, type OperationRecord} from '../operation/record.ts';
import {claimRule} from './claim-rule.ts';
import {forgetRule, renewRule, settleRule, sweepRule, type Step} from './rules.ts';
import type {OperationId, Store} from './store.ts';

/** Settled records beyond this many go, the oldest first. */
const MOST_SETTLED = 10_000;

/**
 * Keeps records in this realm: gone with the page or the process. The default in Node, and for tests.
 * Every step is one synchronous section, hence atomic. Of settled records it keeps the last 10,000, of open ones all.
 *
 * @throws {TypeError} for any option: it takes none.
 * @example
 * const fetch = createFetch({store: memoryStore(), scope: null});
 */
export function memoryStore(options: Readonly<Record<string, never>> = {}): Store {
	for (const other of Object.keys(options)) throw mistake(`memoryStore takes no option ${other}`);
	return memoryStoreIn(clock);
}

/** @internal */
export function memoryStoreIn(environment: Pick<Environment, 'now'>): Store {
	const scopes = new Map<string, Map<string, OperationRecord>>();
	/** In the order in which they were settled. */
	const settled = new Set<OperationRecord>();
	/** Goes on from one drop to the next: a new one would pass all the gaps. One that rests would keep what the Set has outgrown. */
	let oldestFirst: Iterator<OperationRecord> | undefined;

	function drop(record: OperationRecord): void {
		const records = scopes.get(record.scope);
		records?.delete(record.name);
		if (records?.size === 0) scopes.delete(record.scope);
		settled.delete(record);
	}

	function put(record: OperationRecord, before: OperationRecord | undefined): void {
		const records = scopes.get(record.scope) ?? new Map<string, OperationRecord>();
		scopes.set(record.scope, records.set(record.name, record));
		if (before !== undefined && settled.delete(before)) oldestFirst = undefined;
		if (!isOpen(record)) settled.add(record);
		if (settled.size <= MOST_SETTLED) return;
		oldestFirst ??= settled.values();
		drop(oldestFirst.next().value as OperationRecord);
	}

	function step<R>({scope, name}: OperationId, rule: (record: OperationRecord | undefined, now: number) => Step<R>): R {
		const before = scopes.get(scope)?.get(name);
		const {result, write} = rule(before, environment.now());
		if (write !== undefined) put(write, before);
		return result;
	}

	return {
		claim: (id, claim) => step(id, (record, now) => claimRule(id, record, claim, now)),
		renew: (id, renewal) => step(id, (record, now) => renewRule(record, renewal, now)),
		settle: (id, settlement) => step(id, (record, now) => settleRule(record, settlement, now)),
		forget: (id, freeing) => step(id, (record, now) => forgetRule(record, freeing, now)),
		list(scope, name) {
			const records = scopes.get(scope);
			const found = name === undefined ? [...(records?.values() ?? [])] : [records?.get(name)];
			const now = environment.now();
			return found.flatMap(record => (record === undefined ? [] : {record, now}));
		},
		sweep() {
			let swept = 0;
			for (const records of scopes.values())
				for (const record of records.values()) {
					const left = sweepRule(record, environment.now());
					if (left === undefined) {
						drop(record);
						swept++;
					} else if (left !== record) put(left, record);
				}

			return swept;
		},
	};
}
