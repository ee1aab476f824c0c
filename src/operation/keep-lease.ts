import type {Permit} from '../attempt/loop.ts';
import {leaseOf, type Hold} from './claim.ts';
import {isFinal} from './state.ts';
import type {NamedWork} from './named-work.ts';

/** The lease of a flight at work. */
export type KeptLease = {
	/**
	 * Asked before every attempt. The owner looks before it repeats: another may have taken over while it slept. Nothing
	 * is sent under a key that the server may have forgotten, or that it would only answer as before.
	 */
	readonly permit: (attempts: number) => Promise<Permit>;
	/** Milliseconds in which nobody else can have taken over. */
	readonly left: () => number;
	/** It renews itself no more. */
	readonly stop: () => void;
};

/** Renewed this often while it lasts: two renewals may fail before anybody takes over. */
const RENEW_AFTER = 0.3;

/** Keeps the lease of a hold for as long as its flight works, where the store counts on being told (`Store.lease`). */
export function keepLease(work: NamedWork, hold: Hold): KeptLease {
	const {environment, realm} = work;
	const {record, stored, clockSetBack} = hold;
	const {key, owner, token, state} = record;
	let {leaseEnd, sendableUntil} = hold;
	const keyEnd = sendableUntil - hold.issued + hold.now;
	let lost = false;
	let cancel: (() => void) | undefined;
	let stopped = false;

	async function renew(): Promise<Permit> {
		const issued = work.elapsed();
		const lease = leaseOf(work);
		try {
			const {status, record: renewed} = await realm.ledger.renew(await work.id(), {key, owner, token, lease});
			if (status === 'done') {
				leaseEnd = issued + lease;
				// By the store's time: this one may have slept, with a clock that was set back.
				if (renewed) sendableUntil = Math.min(sendableUntil, issued + keyEnd - renewed.updatedAt);
				return 'go';
			}

			if (!lost && !stopped) work.report({type: 'lease-lost'});
			lost = true;
			return 'lost';
		} catch (error) {
			if (!stopped) work.report({type: 'store-error', step: 'renew', error});
			// While the lease lasts nobody can have taken over, whether or not the store answers.
			return work.elapsed() < leaseEnd ? 'go' : 'left';
		}
	}

	function renewInTime(lease: number): void {
		cancel = environment.timer(() => {
			void renew().then(() => {
				if (!stopped && !lost) renewInTime(lease);
			});
		}, lease * RENEW_AFTER);
	}

	if (stored && realm.ledger.lease !== undefined) renewInTime(realm.ledger.lease);

	return {
		async permit(attempts) {
			if (isFinal(state)) return work.elapsed() < sendableUntil ? 'final' : 'expired';
			if (lost) return 'lost';
			if (stored && (attempts > 0 || work.elapsed() >= leaseEnd)) {
				const renewed = await renew();
				if (renewed !== 'go') return renewed;
			}

			// The store turned out to hold another key meanwhile.
			if (realm.unsaved.get(work.flightId)?.storedKey !== undefined) return 'left';
			if (work.left() <= 0) return 'left';
			if (clockSetBack) return 'clock';
			return work.elapsed() < sendableUntil ? 'go' : 'expired';
		},
		left: () => leaseEnd - work.elapsed(),
		stop() {
			stopped = true;
			cancel?.();
		},
	};
}
