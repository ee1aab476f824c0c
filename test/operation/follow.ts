import type {Snapshot} from '../../src/operation/snapshot.ts';
import type {Realm} from './shop.ts';

/** Everything that a subscriber is told. */
export function follow({handle}: Realm) {
	const seen: Snapshot[] = [];
	const stop = handle.subscribe(state => seen.push(state));
	return {seen, stop, statuses: () => seen.map(({status}) => status)};
}
