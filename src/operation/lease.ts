import type {Permit} from '../attempt/progress.ts';
import type {Claim} from '../stores/store.ts';
import {keyStanding, roundOf, type Seen} from './key-age.ts';
import type {Run} from './operations.ts';
import {keyEndOf} from './record.ts';
import {isFinal} from './state.ts';

/** What was claimed. */
export type Held = Seen & {
	/** What was asked of the store. */
	readonly claim: Claim;
	/** False when it failed and the caller preferred to go on: the store never took the claim. */
	readonly stored: boolean;
	/** Somebody who shares no store with us may have sent this key, or may be sending it. */
	readonly foreign: boolean;
};

/** The lease that a flight works under. */
export type HeldLease = Held & {
	/**
	 * Asked before every attempt. The owner looks before it repeats: another may have taken over while it slept. Nothing
	 * is sent under a key that the server may have forgotten, or that it would only answer as before.
	 */
	readonly permit: (attempts: number) => Promise<Permit>;
	/** Milliseconds in which nobody else can have taken over. */
	readonly remaining: () => number;
	/** It renews itself no more. */
	readonly stop: () => void;
};

/** Renewed this often while it lasts: two renewals may fail before anybody takes over. */
const RENEW_AFTER = 0.3;

/** How long a claim lasts, in milliseconds. Every further attempt renews it, and a short one renews itself. */
export function leaseDuration({operation, settings}: Run): number {
	return operation.operations.store.lease ?? roundOf(settings);
}

/** Keeps the lease for as long as its flight works, where the store counts on being told (`Store.lease`). */
export function keepLease(run: Run, held: Held): HeldLease {
	const {environment, operation, life} = run;
	const {store} = operation.operations;
	const {record, now, stored} = held;
	const {key, owner, token, state} = record;
	const clockSetBack = keyStanding(held, life) === 'clock';
	const keyEnd = keyEndOf(record, life);
	let sendableUntil = keyEnd;
	let leaseEnd = stored ? record.leaseUntil : Number.POSITIVE_INFINITY;
	const isPending = state.status === 'pending';
	const again = run.settings.dialect.repeatsGiveCurrentState === true;
	let lost = false;
	let cancel: (() => void) | undefined;
	let stopped = false;

	async function renew(): Promise<Permit> {
		const issued = now();
		const lease = leaseDuration(run);
		try {
			const {status, record: renewed} = await store.renew(await operation.id(), {key, owner, token, lease});
			if (status === 'done') {
				leaseEnd = issued + lease;
				// By the store's time: this one may have slept, with a clock that was set back.
				if (renewed) sendableUntil = Math.min(sendableUntil, issued + keyEnd - renewed.updatedAt);
				return 'go';
			}

			if (!lost && !stopped) run.report({type: 'lease-lost'});
			lost = true;
			return 'lost';
		} catch (error) {
			if (!stopped) run.report({type: 'store-error', step: 'renew', error});
			// While the lease lasts nobody can have taken over, whether or not the store answers.
			return now() < leaseEnd ? 'go' : 'timed-out';
		}
	}

	function renewInTime(lease: number): void {
		cancel = environment.timer(() => {
			void renew().then(() => {
				if (!stopped && !lost) renewInTime(lease);
			});
		}, lease * RENEW_AFTER);
	}

	if (stored && store.lease !== undefined) renewInTime(store.lease);

	return {
		...held,
		async permit(attempts) {
			let at = now();
			if (isFinal(state)) return at < sendableUntil ? 'final' : 'expired';
			if (isPending && !(again && at < sendableUntil)) return 'pending';
			if (lost) return 'lost';
			if (stored && (attempts > 0 || at >= leaseEnd)) {
				const renewed = await renew();
				if (renewed !== 'go') return renewed;
				at = now();
			}

			// The store turned out to hold another key meanwhile.
			if (operation.unsaved?.storedKey !== undefined) return 'timed-out';
			if (run.remaining() <= 0) return 'timed-out';
			if (clockSetBack) return 'clock';
			return at < sendableUntil ? 'go' : 'expired';
		},
		remaining: () => leaseEnd - now(),
		stop() {
			stopped = true;
			cancel?.();
		},
	};
}
