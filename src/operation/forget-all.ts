import {placeOf} from './place.ts';
import type {Realm} from './realm.ts';
import {isOpen} from './record.ts';
import {saveAll} from './save.ts';
import {forgetHere, openHere} from './ways-out.ts';

/** Drops answers and settled records of the scope; what is open stays, under its key, in this realm's memory too. */
export async function forgetAll(realm: Realm, scope: string, of: string | null): Promise<void> {
	for (const [id] of realm.recent) if ((JSON.parse(id) as unknown[])[0] === of) realm.recent.delete(id);
	const kept = new Set((await saveAll(realm, of)).map(({flightId}) => flightId));
	const listed = await realm.ledger.list(scope);
	const settled = listed.flatMap(({record}) => {
		const place = placeOf(realm, of, JSON.parse(record.name) as string[]);
		const stays = isOpen(record) || kept.has(place.flightId) || openHere(place, record) !== undefined;
		return stays ? [] : {place, record};
	});
	await Promise.all(
		settled.map(async ({place, record}) => {
			const {name, key} = record;
			const {status} = await realm.ledger.forget({scope, name}, {key, how: 'forget'});
			// Somebody may have begun with it since.
			if (status === 'freed' && openHere(place, undefined) === undefined) forgetHere(place, record);
		}),
	);
}
