import {clock, type Environment} from '../environment.ts';
import type {OperationRecord} from '../operation/record.ts';
import {claimRule} from './claim-rule.ts';
import {forgetRule, renewRule, settleRule, sweepRule, type Step} from './rules.ts';
import type {OperationId, Store} from './store.ts';

/**
 * Keeps records in this realm: gone with the page or the process. The default in Node, and for tests.
 * Every step is one synchronous section, hence atomic.
 */
export function memoryStore(): Store {
	return memoryStoreIn(clock);
}

/** @internal */
export function memoryStoreIn(environment: Pick<Environment, 'now'>): Store {
	const scopes = new Map<string, Map<string, OperationRecord>>();

	function step<R>(id: OperationId, rule: (record: OperationRecord | undefined, now: number) => Step<R>): R {
		let records = scopes.get(id.scope);
		const {result, write} = rule(records?.get(id.name), environment.now());
		if (write !== undefined) {
			if (records === undefined) scopes.set(id.scope, (records = new Map()));
			records.set(id.name, write);
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
			for (const [scope, records] of scopes) {
				for (const [name, record] of records) {
					const left = sweepRule(record, environment.now());
					if (left === undefined) {
						records.delete(name);
						swept++;
					} else if (left !== record) records.set(name, left);
				}

				if (records.size === 0) scopes.delete(scope);
			}

			return swept;
		},
	};
}
