import {halfJitter} from '../attempt/delay.ts';
import {wait} from '../attempt/wait.ts';
import type {OperationId} from '../stores/store.ts';
import type {OperationRecord} from './record.ts';
import type {Run} from './operations.ts';

const FIRST_POLL = 200;
const POLL_LIMIT = 2_000;

/**
 * Waits until it is worth claiming again: the record may have changed, the owner is gone (true), its lease is over,
 * or time to look again has come. Stops when the call's time is over or nobody waits any more.
 */
export async function waitForOwner(
	run: Run,
	id: OperationId,
	record: OperationRecord,
	now: number,
	polls: number,
): Promise<boolean> {
	const {environment, cancellation, operation} = run;
	const {store} = operation.operations;
	if (cancellation.cancelled() || run.remaining() <= 0) return false;
	const poll = halfJitter(Math.min(POLL_LIMIT, FIRST_POLL * 1.5 ** polls), environment.random);
	// One past the end, because a lease ends after its last millisecond.
	const ms = Math.max(1, Math.min(poll, record.leaseUntil - now + 1, run.remaining()));

	const giveUp = new AbortController();
	let gone = false;
	await wait(environment, ms, cancellation, wake => {
		const stopWatching = store.watch(id, wake);
		store.gone?.(record.owner, giveUp.signal).then(
			() => {
				gone = true;
				wake();
			},
			() => undefined,
		);
		return () => {
			stopWatching();
			giveUp.abort();
		};
	});
	return gone;
}
