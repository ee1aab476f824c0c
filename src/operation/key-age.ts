import type {Settings} from '../options.ts';
import type {Listed} from '../stores/store.ts';
import type {GuardedStore} from './guarded-store.ts';
import {keyEndOf, type KeyLimits, type OperationRecord} from './record.ts';

/** A record as this realm saw it or would have written it, and the store's time, which goes on from there. */
export type Seen = {readonly record: OperationRecord; readonly now: () => number};

/** `elapsed`: time since the store was asked, in milliseconds. */
export function seenSince(elapsed: () => number, {record, now}: Listed): Seen {
	return {record, now: () => now + elapsed()};
}

const DAY = 86_400_000;

/** The longest retention that counts, in milliseconds: ten years. */
const LONGEST = 3_650 * DAY;

/** What limits the life of a key, for one call. Times are in milliseconds. */
export type KeyLife = KeyLimits & {
	/** How long a new key may be sent. */
	readonly keyLife: number;
	/** How far the store's clock may lie behind a record before its ages count as unknown. */
	readonly tolerance: number;
	/** Before this, the store's clock cannot be right: the caller's own key was made later. */
	readonly madeAfter: number;
};

/** `since`: when the caller's own key was made, in milliseconds since the epoch. */
export function keyLifeOf(settings: Settings, since?: number): KeyLife {
	const {retention} = settings.dialect;
	// A day is assumed where nothing is declared, and limits no key that is there.
	const kept = Math.min(retention ?? DAY, LONGEST);
	// Covers a slow request and clocks that differ.
	const margin = Math.min(kept / 2, Math.max(60_000, kept / 100));
	const keyLife = kept - margin;
	return {
		keyLife,
		maxKeyAge: retention === undefined ? undefined : keyLife,
		keyEnd: since === undefined ? undefined : since + keyLife,
		tolerance: Math.min(margin / 2, roundOf(settings)),
		madeAfter: (since ?? -Infinity) - margin,
	};
}

/** An hour, in milliseconds. */
const LONGEST_ROUND = 3_600_000;

/** Long enough for an attempt and the wait after it, in milliseconds. At most an hour. */
export function roundOf({timeout, retry}: Settings): number {
	return Math.min(timeout + retry.maxRetryAfter + 5_000, LONGEST_ROUND);
}

/**
 * Whether no lease lasts that long: the store's clock was set back since it was given. Its owner may be taken over from,
 * where nothing else tells whether it lives; nothing is sent by such a clock.
 */
export function isLeaseEndless(
	{lease = 0, gone}: Pick<GuardedStore, 'lease' | 'gone'>,
	{record, now}: Listed,
): boolean {
	return gone === undefined && record.leaseUntil - now > lease + LONGEST_ROUND;
}

/** Whether a key may be sent now. `clock`: the store's clock was set back, so that every age is a guess. */
export function keyStanding({record, now: storeTime}: Seen, life: KeyLife): 'go' | 'expired' | 'clock' {
	const now = storeTime();
	if (now < Math.max(record.updatedAt - life.tolerance, life.madeAfter)) return 'clock';
	return now < keyEndOf(record, life) ? 'go' : 'expired';
}
