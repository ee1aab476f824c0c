import type {Environment} from '../environment.ts';
import {isAlive} from './alive.ts';
import {forgetHere} from './handle.ts';
import {flightId, type Realm} from './realm.ts';
import {isOpen} from './record.ts';
import {isFinal} from './state.ts';

/** An operation whose outcome is not known. */
export type Unfinished = {
	readonly operation: readonly string[];
	readonly key: string;
	/** When it was first claimed, in milliseconds since the epoch. */
	readonly since: number;
	/** Its key can no longer be sent safely: only `resolve()`, `reconcile` or `forget({force: true})` end it. */
	readonly expired: boolean;
	/** Somebody, here or elsewhere, is at it. */
	readonly working: boolean;
};

export async function unfinished(realm: Realm, scope: string, environment: Environment): Promise<Unfinished[]> {
	const records = await realm.ledger.list(scope);
	const now = environment.now();
	return Promise.all(
		records.filter(isOpen).map(async record => ({
			operation: JSON.parse(record.name) as string[],
			key: record.key,
			since: record.createdAt,
			expired: isFinal(record.state) || record.keyUntil <= now,
			working: await isAlive(realm, record, environment),
		})),
	);
}

/** Drops answers and settled records of the scope; what is open stays, under its key. */
export async function forgetAll(realm: Realm, scope: string, of: string | null): Promise<void> {
	const records = await realm.ledger.list(scope);
	const settled = records.filter(record => !isOpen(record));
	await Promise.all(settled.map(async ({name, key}) => realm.ledger.forget({scope, name}, {key, how: 'forget'})));
	for (const {name} of settled) forgetHere(realm, flightId(of, JSON.parse(name) as string[]));
	for (const [id] of realm.recent) if ((JSON.parse(id) as unknown[])[0] === of) realm.recent.delete(id);
}
