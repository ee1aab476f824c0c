import {cancellation, unlessCancelled, type Cancellation} from '../attempt/cancellation.ts';
import {noProgress, type Progress} from '../attempt/progress.ts';
import {isLatchkeyError, PayloadChangedError} from '../errors.ts';
import type {Environment} from '../environment.ts';
import type {EventDetail} from '../events.ts';
import {tellGuarded} from '../utils.ts';
import type {Settings} from '../options.ts';
import type {PreparedRequest} from '../request/prepared-request.ts';
import {domError} from '../signals.ts';
import type {Caller, Joined} from './caller.ts';
import {otherKey} from '../request/key.ts';
import {keyLifeOf, type KeyLife} from './key-age.ts';
import {another, type Result} from './result.ts';
import {initialSnapshot, moved, snapshotAfter, type Snapshot} from './snapshot.ts';

/** What the run of a flight works with. */
export type FlightRun = {
	/** The name of the operation; absent for a call without one. */
	readonly name: readonly string[] | undefined;
	readonly environment: Environment;
	readonly settings: Settings;
	readonly request: PreparedRequest;
	/** The caller's own idempotency key. */
	readonly ownKey: string | undefined;
	/** What limits the life of its key. */
	readonly life: KeyLife;
	/** Whether whoever is signed in is who made this call. */
	readonly sameScope: () => boolean;
	readonly progress: Progress;
	/** What remains of it, in milliseconds; nothing while nobody waits for it. */
	readonly remaining: () => number;
	/** Aborted when nobody has come back to it. */
	readonly cancellation: Cancellation;
	readonly report: (event: EventDetail) => void;
	/** The key in use, once there is one. */
	key: string | undefined;
	/** Nobody has signed out since it began: its answer may be kept. */
	readonly keepsAnswer: () => boolean;
	/** What is known for good while it is being written down: the store cannot change it any more. */
	verdict: (() => Result | undefined) | undefined;
	/** Somebody who shares no store with us may have sent that key. */
	foreign: boolean;
};

/** The running work on an operation in this realm. */
export type Flight = Joined & {
	/** Runs it in the context of the request that this flight began in. */
	readonly run: Caller['run'];
	/** False once everybody has left for good. */
	readonly joinable: () => boolean;
	readonly join: (caller: Caller) => void;
	/** It is called again when this is over. */
	readonly follow: (caller: Caller) => void;
	/** Somebody signs out: its answer goes to its callers, and is not kept. */
	readonly keepNoAnswer: () => void;
	/** What remains to the most patient of its callers, in milliseconds. */
	readonly remaining: () => number;
	readonly snapshot: () => Snapshot;
};

export type FlightPlan = {
	readonly environment: Environment;
	/** The name of the operation; absent for a call without one. */
	readonly name: readonly string[] | undefined;
	/** How long a flight that everybody has left goes on, in milliseconds: React mounts twice in development. */
	readonly linger: number;
	readonly run: (run: FlightRun) => Promise<Result>;
	/** What is known of the attempts of a flight that this one takes over from. */
	readonly before?: Progress | undefined;
	/** The snapshot has changed. */
	readonly changed: () => void;
	/** It is over, before anybody is told. No snapshot: nothing was done, it stands as it stood. */
	readonly ended: (last: Snapshot | undefined) => void;
};

export function startFlight(first: Caller, plan: FlightPlan): Flight {
	const {environment, name} = plan;
	const gone = cancellation();
	/** The first caller has left: nobody waits for its body any more. */
	const firstLeft = cancellation();
	const callers = new Set([first]);
	const followers: Caller[] = [];
	/** Whose request is known to be that of the flight. */
	const same = new Set([first]);
	/** It may be about to end because nobody was there any more; who has joined since is not told so. */
	let wasDeserted = false;
	const latecomers = new Set<Caller>();
	const progress: Progress = plan.before ? {...plan.before} : noProgress();
	let snapshot = initialSnapshot('working', first.settings.retry.limit + 1, environment.now());
	let run: FlightRun | undefined;
	let keepsAnswer = true;
	let cancelLinger: (() => void) | undefined;

	function remaining(): number {
		let most = 0;
		wasDeserted ||= callers.size === 0;
		for (const caller of callers) most = Math.max(most, caller.remaining());
		return most;
	}

	function report(event: EventDetail, {onEvent}: Settings): void {
		const at = environment.now();
		const before = snapshot;
		snapshot = snapshotAfter(snapshot, event, progress.ambiguous, at);
		if (snapshot !== before) plan.changed();
		if (onEvent) tellGuarded(onEvent, {...event, operation: name, key: run?.key, at});
	}

	async function begin(): Promise<void> {
		const {request, settings, ownKey, since, sameScope} = first;
		try {
			await unlessCancelled(firstLeft, request.ready());
		} catch (error) {
			callers.delete(first);
			first.fail(error);
			plan.ended(undefined);
			for (const caller of [...callers, ...followers]) caller.run(caller.again);
			return;
		}

		run = {
			name,
			environment,
			settings,
			request,
			ownKey,
			life: keyLifeOf(settings, since),
			sameScope,
			progress,
			remaining,
			cancellation: gone,
			report: event => {
				report(event, settings);
			},
			key: undefined,
			foreign: false,
			keepsAnswer: () => keepsAnswer,
			verdict: undefined,
		};
		for (const joined of callers) if (joined !== first) joined.run(() => void isSame(joined));
		await finish(run);
		for (const caller of followers) caller.run(caller.again);
	}

	async function finish(current: FlightRun): Promise<void> {
		let tell: (caller: Caller) => void;
		let last: Snapshot | undefined;
		try {
			const result = await plan.run(current);
			const {outcome, answer, attempts, replayed, retryAt} = result;
			report({type: 'settled', outcome, status: answer?.status, attempts, replayed}, first.settings);
			if (!isLatchkeyError(result.error, 'PAYLOAD_CHANGED'))
				last = moved(snapshot, outcome, environment.now(), {retryAt});
			const open = outcome === 'unknown' || outcome === 'not-sent';
			tell = caller => {
				if (open && latecomers.has(caller)) caller.again();
				else tellResult(caller, result);
			};
		} catch (error) {
			// A key that cannot be used concerns only who brought it.
			const isOfKey = first.ownKey !== undefined && !isLatchkeyError(error);
			tell = caller => {
				if (isOfKey && caller.ownKey !== first.ownKey) caller.again();
				else caller.fail(error);
			};
		}

		cancelLinger?.();
		plan.ended(last);
		for (const caller of callers) {
			if (caller === first) tell(caller);
			else caller.run(() => void isSame(caller).then(same => same && tell(caller)));
		}
	}

	function tellResult(caller: Caller, result: Result): void {
		if (caller === first || result.error === undefined) caller.deliver(result, caller === first);
		else caller.fail(another(result.error, progress.answer));
	}

	/** Whether a caller that joined asks for what is sent; if not, it is out. */
	async function isSame(caller: Caller): Promise<boolean> {
		try {
			await caller.request.ready();
			// While nobody knows which key the record has, it may be the caller's; it is asked again in the end.
			const key = first.ownKey ?? run?.key;
			if (caller.ownKey !== undefined && key !== undefined && caller.ownKey !== key) throw otherKey(name);
			if ((await first.request.fingerprint()) === (await caller.request.fingerprint())) {
				same.add(caller);
				return true;
			}

			throw new PayloadChangedError({operation: name, key: run?.key});
		} catch (error) {
			leave(caller);
			caller.fail(error);
			return false;
		}
	}

	function leave(caller: Caller): void {
		if (caller === first) firstLeft.cancel(domError('The caller has left', 'AbortError'));
		if (!callers.delete(caller) || callers.size > 0) return;
		const abort = () => {
			// Whoever has joined since may not have been able to call off the timer of another request.
			if (callers.size === 0) gone.cancel(domError('Nobody waits for this operation any more', 'AbortError'));
		};
		first.run(() => {
			if (plan.linger === 0) abort();
			else cancelLinger = environment.timer(abort, plan.linger);
		});
	}

	void begin();
	return {
		run: first.run,
		joinable: () => !gone.cancelled(),
		join(caller) {
			cancelLinger?.();
			callers.add(caller);
			if (wasDeserted) latecomers.add(caller);
			report({type: 'joined'}, caller.settings);
			if (run !== undefined) void isSame(caller);
		},
		follow: caller => void followers.push(caller),
		tellVerdict(caller) {
			const result = same.has(caller) ? run?.verdict?.() : undefined;
			if (result !== undefined) tellResult(caller, result);
			return result !== undefined;
		},
		keepNoAnswer() {
			keepsAnswer = false;
		},
		hasBegun: () => run !== undefined,
		leave,
		remaining,
		snapshot: () => snapshot,
		progress,
		key: () => run?.key,
	};
}
