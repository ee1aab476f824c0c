import type {Answer} from '../dialect/dialect.ts';
import type {Place} from './place.ts';
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
	keepAsLatest(realm.recent, flightId, {...result, stream: undefined, answer});
}

/** What handles show from now on: a look at the store that began earlier shows nothing. */
export function showSnapshot(place: Place, snapshot: Snapshot): void {
	const {realm, flightId} = place;
	realm.looks.delete(flightId);
	keepAsLatest(realm.snapshots, flightId, snapshot);
	notify(place);
}

function keepAsLatest<T>(map: Map<string, T>, id: string, value: T): void {
	map.delete(id);
	map.set(id, value);
	if (map.size <= MOST_RECENT) return;
	const [oldest] = map.keys();
	if (oldest !== undefined) map.delete(oldest);
}

export function notify({realm, flightId}: Place): void {
	for (const listener of realm.listeners.get(flightId) ?? []) {
		try {
			listener();
		} catch {
			// A listener that throws harms nothing.
		}
	}
}
