import type {Environment} from '../environment.ts';
import {placeOf, type Place} from './place.ts';
import type {Realm} from './realm.ts';
import {isOpen, type OperationRecord} from './record.ts';
import {saveAll} from './save.ts';
import {forgetHere, openHere} from './ways-out.ts';

/** So many at once: a page goes on to answer meanwhile. */
const SLICE = 100;

/**
 * Drops answers and settled records of the scope; what is open stays, under its key, in this realm's memory too. What cannot
 * be read or dropped keeps nothing else, and is the error in the end.
 */
export async function forgetAll(
	realm: Realm,
	scope: string,
	of: string | null,
	{timer}: Pick<Environment, 'timer'>,
): Promise<void> {
	const isOfScope = (id: string) => (JSON.parse(id) as unknown[])[0] === of;
	for (const [id, flight] of realm.flights) if (isOfScope(id)) flight.keepNoAnswer();
	for (const id of realm.recent.keys()) if (isOfScope(id)) realm.recent.delete(id);
	await saveAll(realm, of);
	// Looked at each time: an outcome may come, under another key than the store holds, while it is read or written to.
	const stays = (place: Place, record?: OperationRecord) =>
		realm.unsaved.get(place.flightId) ?? openHere(place, record);
	const {listed, error} = await realm.ledger.readable(scope);
	const settled = listed.flatMap(({record}) => {
		const place = placeOf(realm, of, JSON.parse(record.name) as string[]);
		return isOpen(record) || stays(place, record) !== undefined ? [] : {place, record};
	});
	const forget = async ({place, record}: {readonly place: Place; readonly record: OperationRecord}) => {
		const {name, key} = record;
		const {status} = await realm.ledger.forget({scope, name}, {key, how: 'forget'});
		// Somebody may have begun with it since.
		if (status === 'freed' && stays(place) === undefined) forgetHere(place, record);
	};
	const failures: unknown[] = error ? [error] : [];
	for (let from = 0; from < settled.length; from += SLICE) {
		if (from > 0) await new Promise<void>(resolve => timer(resolve, 0));
		const ended = await Promise.allSettled(settled.slice(from, from + SLICE).map(forget));
		for (const one of ended) if (one.status === 'rejected') failures.push(one.reason);
	}

	if (failures.length > 0) throw failures[0];
}
