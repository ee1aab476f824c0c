import type {OperationId} from '../stores/store.ts';
import type {OperationRecord} from './record.ts';
import type {NamedWork} from './named-work.ts';

const FIRST_POLL = 200;
const POLL_LIMIT = 2_000;

/**
 * Waits until it is worth claiming again: the record may have changed, the owner is gone (true), its lease is over,
 * or time to look again has come. Stops when the call's time is over or nobody waits any more.
 */
export async function waitForOwner(
	work: NamedWork,
	id: OperationId,
	record: OperationRecord,
	now: number,
	polls: number,
): Promise<boolean> {
	const {environment, leaving} = work;
	const {ledger} = work.realm;
	if (leaving.left() || work.left() <= 0) return false;
	const most = Math.min(POLL_LIMIT, FIRST_POLL * 1.5 ** polls);
	const poll = most / 2 + (environment.random() * most) / 2;
	// One past the end, because a lease ends after its last millisecond.
	const ms = Math.max(1, Math.min(poll, record.leaseUntil - now + 1, work.left()));

	const giveUp = new AbortController();
	try {
		return await new Promise<boolean>(resolve => {
			const again = () => {
				resolve(false);
			};
			const {signal} = giveUp;
			const cancelTimer = environment.timer(again, ms);
			const stopWatching = ledger.watch(id, again);
			const stopListening = leaving.onLeave(again);
			signal.addEventListener('abort', () => {
				cancelTimer();
				stopWatching();
				stopListening();
			});
			ledger.gone?.(record.owner, signal).then(
				() => {
					resolve(true);
				},
				() => undefined,
			);
		});
	} finally {
		giveUp.abort();
	}
}
