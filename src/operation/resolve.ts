import type {Place} from './place.ts';
import {nextOwner} from './realm.ts';
import type {OperationRecord} from './record.ts';
import {transition} from './state.ts';

const LEASE = 10_000;

/** Settles an open operation by somebody's word. It is claimed first, so that nobody is at it; `undefined`: somebody is. */
export async function resolveRecord(
	{realm, id, flightId}: Place,
	{key, fingerprint}: OperationRecord,
	outcome: 'succeeded' | 'refused',
): Promise<OperationRecord | undefined> {
	const where = await id();
	const owner = nextOwner(realm);
	const claimed = await realm.ledger.claim(where, {
		key,
		fingerprint,
		owner,
		lease: LEASE,
		// Only counts for a record that has just vanished; nothing is sent under it.
		keyLife: LEASE,
		onLapsed: 'take',
		awaited: key,
	});
	if (claimed.status === 'busy' || claimed.status === 'spent' || claimed.status === 'lapsed') return undefined;
	if (claimed.status !== 'claimed') return claimed.record;

	const {state, token} = claimed.record;
	const next = transition(state, {status: outcome}, flightId);
	const settlement = {key, owner, token, state: next, fenced: true, keepAnswer: false};
	const {status, record} = await realm.ledger.settle(where, settlement);
	return status === 'done' ? record : undefined;
}
