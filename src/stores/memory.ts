import {clock, type Environment} from '../environment.ts';
import {isOpen, type OperationRecord} from '../operation/record.ts';
import {claimRule} from './claim-rule.ts';
import {forgetRule, renewRule, settleRule, sweepRule, type Step} from './rules.ts';
import type {OperationId, Store} from './store.ts';

/** Settled records beyond this many go, the oldest first. */
const MOST_SETTLED = 10_000;

/**
 * Keeps records in this realm: gone with the page or the process. The default in Node, and for tests.
 * Every step is one synchronous section, hence atomic. Of settled records it keeps the last 10,000, of open ones all.
 */
export function memoryStore(): Store {
	return memoryStoreIn(clock);
}

/** @internal */
export function memoryStoreIn(environment: Pick<Environment, 'now'>): Store {
	const scopes = new Map<string, Map<string, OperationRecord>>();
	/** In the order in which they were settled. */
	const settled = new Map<string, OperationId>();

	function drop({scope, name}: OperationId): void {
		const records = scopes.get(scope);
		records?.delete(name);
		if (records?.size === 0) scopes.delete(scope);
	}

	function note(record: OperationRecord): void {
		const place = JSON.stringify([record.scope, record.name]);
		settled.delete(place);
		if (isOpen(record)) return;
		settled.set(place, record);
		if (settled.size <= MOST_SETTLED) return;
		for (const [oldest, id] of settled) {
			settled.delete(oldest);
			drop(id);
			return;
		}
	}

	function step<R>(id: OperationId, rule: (record: OperationRecord | undefined, now: number) => Step<R>): R {
		let records = scopes.get(id.scope);
		const {result, write} = rule(records?.get(id.name), environment.now());
		if (write !== undefined) {
			if (records === undefined) scopes.set(id.scope, (records = new Map()));
			records.set(id.name, write);
			note(write);
		}

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
				for (const [name, record] of records) {
					const left = sweepRule(record, environment.now());
					if (left === undefined) {
						drop(record);
						settled.delete(JSON.stringify([record.scope, name]));
						swept++;
					} else if (left !== record) records.set(name, left);
				}

			return swept;
		},
	};
}
