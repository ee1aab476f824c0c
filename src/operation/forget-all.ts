import {forgetHere} from './handle.ts';
import {placeOf} from './place.ts';
import type {Realm} from './realm.ts';
import {isOpen} from './record.ts';

/** Drops answers and settled records of the scope; what is open stays, under its key. */
export async function forgetAll(realm: Realm, scope: string, of: string | null): Promise<void> {
	const records = await realm.ledger.list(scope);
	const settled = records.filter(record => !isOpen(record));
	await Promise.all(settled.map(async ({name, key}) => realm.ledger.forget({scope, name}, {key, how: 'forget'})));
	for (const {name} of settled) forgetHere(placeOf(realm, of, JSON.parse(name) as string[]));
	for (const [id] of realm.recent) if ((JSON.parse(id) as unknown[])[0] === of) realm.recent.delete(id);
}
