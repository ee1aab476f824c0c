import type {Answer} from '../dialect/dialect.ts';
import {tellGuarded} from '../guarded.ts';
import type {Place} from './place.ts';
import type {Realm} from './realm.ts';
import type {Result} from './result.ts';
import type {Snapshot} from './snapshot.ts';

/** In bytes. */
const SMALL_ANSWER = 64 * 1024;

/** Small enough to be kept in memory, and handed to those who wait elsewhere. */
export function isSmall({body}: Answer): boolean {
	return body !== undefined && body.byteLength <= SMALL_ANSWER;
}

const MOST_RECENT = 100;

export function remember({realm, flightId}: Place, result: Result): void {
	const answer = result.answer && isSmall(result.answer) ? result.answer : undefined;
	keepAsLatest(realm, realm.recent, flightId, {...result, stream: undefined, answer});
}

/** What handles show from now on: a look at the store that began earlier shows nothing. */
export function showSnapshot(place: Place, snapshot: Snapshot): void {
	const {realm, flightId} = place;
	realm.looks.delete(flightId);
	keepAsLatest(realm, realm.snapshots, flightId, snapshot);
	notify(place);
}

/** What somebody listens to stays: it would only be looked up again. */
function keepAsLatest<T>({listeners}: Realm, map: Map<string, T>, id: string, value: T): void {
	map.delete(id);
	map.set(id, value);
	if (map.size <= MOST_RECENT + listeners.size) return;
	for (const oldest of map.keys())
		if (!listeners.has(oldest)) {
			map.delete(oldest);
			return;
		}
}

export function notify({realm, flightId}: Place): void {
	for (const listener of realm.listeners.get(flightId) ?? []) tellGuarded(listener);
}
