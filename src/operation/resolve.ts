import type {Listed} from '../stores/store.ts';
import {isLeaseEndless} from './key-age.ts';
import {nextOwner, type Operation} from './operations.ts';
import type {OperationRecord} from './record.ts';
import {saidState, transition} from './state.ts';

const LEASE = 10_000;

/**
 * Settles an operation by somebody's word. Where it has an owner it is claimed first, so that nobody is at it; `undefined`:
 * somebody is, or has changed it.
 */
export async function resolveRecord(
	{operations, id, at}: Operation,
	found: Listed,
	outcome: 'succeeded' | 'refused',
): Promise<OperationRecord | undefined> {
	const where = await id();
	const {record} = found;
	const {key, fingerprint} = record;
	let held = record;
	if (record.owner !== '') {
		const claimed = await operations.store.claim(where, {
			key,
			fingerprint,
			owner: nextOwner(operations),
			lease: LEASE,
			// Only counts for a record that has just vanished; nothing is sent under it.
			keyLife: LEASE,
			onLapsed: 'take',
			takeFrom: isLeaseEndless(operations.store, found) ? record.owner : undefined,
			awaited: key,
		});
		if (claimed.status === 'settled' || claimed.status === 'mismatch') return claimed.record;
		if (claimed.status !== 'claimed') return undefined;
		held = claimed.record;
	}

	const {state, owner, token} = held;
	const next = transition(state, saidState(outcome), at);
	const settlement = {key, owner, token, state: next, fenced: true, keepAnswer: false};
	const {status, record: settled} = await operations.store.settle(where, settlement);
	return status === 'done' ? settled : undefined;
}
