import {cancellation, unlessCancelled, type Cancellation} from '../attempt/cancellation.ts';
import {noProgress, type Progress} from '../attempt/progress.ts';
import {isLatchkeyError, PayloadChangedError} from '../errors.ts';
import type {Environment} from '../environment.ts';
import type {EventDetail} from '../events.ts';
import {tellGuarded} from '../utils.ts';
import type {Settings} from '../options.ts';
import type {PreparedRequest} from '../request/prepared-request.ts';
import {domError} from '../signals.ts';
import {timedOut, type Caller, type Joined} from './caller.ts';
import {otherKey} from '../request/key.ts';
import {keyLifeOf, type KeyLife} from './key-age.ts';
import type {Result} from './outcome.ts';
import {initialSnapshot, moved, snapshotAfter, type Snapshot} from './snapshot.ts';

/** The running work on an operation in this realm: what it works with, and those who take part in it. */
export type Flight = Joined & {
	/** The name of the operation; absent for a call without one. */
	readonly name: readonly string[] | undefined;
	readonly environment: Environment;
	readonly settings: Settings;
	/** That of the first caller. */
	request: PreparedRequest;
	/** The caller's own idempotency key. */
	readonly ownKey: string | undefined;
	/** What limits the life of its key. */
	readonly life: KeyLife;
	/** Whether whoever is signed in is who made this call. */
	readonly sameScope: () => boolean;
	readonly progress: Progress;
	/** What remains to the most patient of its callers, in milliseconds; nothing while nobody waits for it. */
	readonly remaining: () => number;
	/** Aborted when nobody has come back to it. */
	readonly cancellation: Cancellation;
	readonly report: (event: EventDetail) => void;
	/** What handles show. */
	snapshot: Snapshot;
	/** The body of its request has been read. Before that nothing is claimed or sent. */
	begun: boolean;
	/** The key in use, once there is one. */
	key: string | undefined;
	/** Somebody who shares no store with us may have sent that key. */
	foreign: boolean;
	/** Nobody has signed out since it began: its answer may be kept. */
	keepsAnswer: boolean;
	/** What is known for good while it is being written down: the store cannot change it any more. */
	verdict: (() => Result | undefined) | undefined;
	/** Runs it in the context of the request that this flight began in. */
	readonly run: Caller['run'];
	readonly join: (caller: Caller) => void;
};

/** What a flight is found by, while it lasts. */
export type Slot = {flight?: Flight | undefined};

/** A kind of work, and where the flight that does it is found. */
export type FlightPlan = {
	readonly slot: Slot;
	/** All there are of its kind, the oldest first. */
	readonly slots: {readonly values: () => Iterable<Slot>};
	/** The name of the operation; absent for a call without one. */
	readonly name: readonly string[] | undefined;
	/** How long a flight that everybody has left goes on, in milliseconds: React mounts twice in development. */
	readonly linger: number;
	/** `dead`: the flight that it takes over from. */
	readonly run: (flight: Flight, dead: Flight | undefined) => Promise<Result>;
	/** The snapshot has changed. */
	readonly changed: () => void;
	/** It is over, before anybody is told. No snapshot: nothing was done, it stands as it stood. */
	readonly ended: (last: Snapshot | undefined) => void;
};

/** One who takes part. */
type Seat = {
	/** When its time is over, by the first caller's clock. */
	readonly deadline: number;
	/** The flight may be about to end because nobody was there any more; who has joined since is not told so. */
	readonly late: boolean;
	/** Its request is known to be that of the flight. */
	same: boolean;
};

export function startFlight(first: Caller, plan: FlightPlan, dead: Flight | undefined): Flight {
	const {environment, settings, request, ownKey, since, sameScope, elapsed} = first;
	const {name} = plan;
	const gone = cancellation();
	/** The first caller has left: nobody waits for its body any more. */
	const firstLeft = cancellation();
	const seats = new Map<Caller, Seat>([[first, {deadline: settings.totalTimeout, late: false, same: true}]]);
	const followers: Caller[] = [];
	let wasDeserted = false;
	let cancelLinger: (() => void) | undefined;
	const flight: Flight = {
		name,
		environment,
		settings,
		request,
		ownKey,
		life: keyLifeOf(settings, since),
		sameScope,
		progress: dead ? {...dead.progress} : noProgress(),
		remaining() {
			let latest = -Infinity;
			wasDeserted ||= seats.size === 0;
			for (const {deadline} of seats.values()) latest = Math.max(latest, deadline);
			return Math.max(0, latest - elapsed());
		},
		cancellation: gone,
		report: event => {
			report(event, settings);
		},
		snapshot: initialSnapshot('working', settings.retry.limit + 1, environment.now()),
		begun: false,
		key: undefined,
		foreign: false,
		keepsAnswer: true,
		verdict: undefined,
		run: first.run,
		join(caller) {
			if (gone.cancelled()) {
				// Of one that is winding down the outcome is waited for, then taken as it stands.
				followers.push(caller);
				return;
			}

			cancelLinger?.();
			const {totalTimeout} = caller.settings;
			seats.set(caller, {deadline: elapsed() + totalTimeout - caller.elapsed(), late: wasDeserted, same: false});
			report({type: 'joined'}, caller.settings);
			if (flight.begun) void isSame(caller);
		},
		leave,
		timeOut(caller) {
			const known = seats.get(caller)?.same ? flight.verdict?.() : undefined;
			if (known) deliver(caller, known);
			else caller.fail(timedOut(flight));
			leave(caller);
		},
	};

	function report(event: EventDetail, {onEvent}: Settings): void {
		const at = environment.now();
		const before = flight.snapshot;
		flight.snapshot = snapshotAfter(before, event, flight.progress.ambiguous, at);
		if (flight.snapshot !== before) plan.changed();
		if (onEvent) tellGuarded(onEvent, {...event, operation: name, key: flight.key, at});
	}

	async function work(): Promise<void> {
		try {
			await unlessCancelled(firstLeft, request.ready());
		} catch (error) {
			seats.delete(first);
			first.fail(error);
			end(undefined);
			for (const caller of seats.keys()) caller.run(caller.again);
			return;
		}

		flight.begun = true;
		for (const joined of seats.keys()) if (joined !== first) joined.run(() => void isSame(joined));
		let tell: (caller: Caller, seat: Seat) => void;
		let last: Snapshot | undefined;
		try {
			const result = await plan.run(flight, dead);
			const {outcome, answer, attempts, replayed, retryAt} = result;
			flight.report({type: 'settled', outcome, status: answer?.status, attempts, replayed});
			if (!isLatchkeyError(result.error, 'PAYLOAD_CHANGED'))
				last = moved(flight.snapshot, outcome, environment.now(), retryAt);
			const open = outcome === 'unknown' || outcome === 'not-sent';
			tell = (caller, {late}) => {
				if (open && late) caller.again();
				else deliver(caller, result);
			};
		} catch (error) {
			// A key that cannot be used concerns only who brought it.
			const isOfKey = ownKey !== undefined && !isLatchkeyError(error);
			tell = caller => {
				if (isOfKey && caller.ownKey !== ownKey) caller.again();
				else caller.fail(error);
			};
		}

		end(last);
		for (const [caller, seat] of seats) {
			if (caller === first) tell(caller, seat);
			else caller.run(() => void isSame(caller).then(same => same && tell(caller, seat)));
		}
	}

	function end(last: Snapshot | undefined): void {
		cancelLinger?.();
		if (plan.slot.flight === flight) plan.slot.flight = undefined;
		plan.ended(last);
		for (const caller of followers) caller.run(caller.again);
	}

	function deliver(caller: Caller, result: Result): void {
		caller.deliver(result, caller === first, flight.progress.answer);
	}

	/** Whether a caller that joined asks for what is sent; if not, it is out. */
	async function isSame(caller: Caller): Promise<boolean> {
		try {
			await caller.request.ready();
			// While nobody knows which key the record has, it may be the caller's; it is asked again in the end.
			const key = ownKey ?? flight.key;
			if (caller.ownKey !== undefined && key !== undefined && caller.ownKey !== key) throw otherKey(name);
			if ((await request.fingerprint()) !== (await caller.request.fingerprint()))
				throw new PayloadChangedError({operation: name, key: flight.key});
			const seat = seats.get(caller);
			if (seat) seat.same = true;
			return true;
		} catch (error) {
			leave(caller);
			caller.fail(error);
			return false;
		}
	}

	function leave(caller: Caller): void {
		if (caller === first) firstLeft.cancel(domError('The caller has left', 'AbortError'));
		if (!seats.delete(caller) || seats.size > 0) return;
		const abort = () => {
			// Whoever has joined since may not have been able to call off the timer of another request.
			if (seats.size === 0) gone.cancel(domError('Nobody waits for this operation any more', 'AbortError'));
		};
		first.run(() => {
			if (plan.linger === 0) abort();
			else cancelLinger = environment.timer(abort, plan.linger);
		});
	}

	void work();
	return flight;
}
