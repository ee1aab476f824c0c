import {leaving, unlessLeft} from '../attempt/leaving.ts';
import {noProgress, type Progress} from '../attempt/loop.ts';
import {isLatchkeyError, PayloadChangedError} from '../errors.ts';
import {stopwatch, type Environment} from '../environment.ts';
import type {EventDetail} from '../events.ts';
import type {Settings} from '../options.ts';
import type {Outgoing} from '../request/outgoing.ts';
import {otherKey} from './other-key.ts';
import type {Result} from './result.ts';
import {initialSnapshot, moved, snapshotAfter, type Snapshot} from './snapshot.ts';
import type {Work} from './work.ts';

/** One call that takes part in a flight. */
export type Caller = {
	readonly request: Outgoing;
	readonly settings: Settings;
	readonly ownKey: string | undefined;
	/** When that was made, in milliseconds since the epoch. */
	readonly since: number | undefined;
	/** What is left of this caller's time, in milliseconds. */
	readonly left: () => number;
	/** Gives it its outcome. `first`: the flight was made with its request. */
	readonly deliver: (result: Result, first: boolean) => void;
	readonly fail: (error: unknown) => void;
};

/** The running work on an operation in this realm. */
export type Flight = {
	/** Resolves when it is over, before anybody is told. */
	readonly landed: Promise<void>;
	/** False once everybody has left for good. */
	readonly joinable: () => boolean;
	readonly join: (caller: Caller) => void;
	readonly leave: (caller: Caller) => void;
	readonly snapshot: () => Snapshot;
	/** What is known so far, for a caller whose time is over. */
	readonly progress: Progress;
	readonly key: () => string | undefined;
};

export type Plan = {
	readonly environment: Environment;
	readonly operation: readonly string[] | undefined;
	/** How long a flight that everybody has left goes on, in milliseconds: React mounts twice in development. */
	readonly linger: number;
	readonly run: (work: Work) => Promise<Result>;
	/** The snapshot has changed. */
	readonly changed: () => void;
	/** It is over, before anybody is told. No snapshot: nothing was done, it stands as it stood. */
	readonly landed: (last: Snapshot | undefined) => void;
};

export function takeOff(first: Caller, plan: Plan): Flight {
	const {environment, operation} = plan;
	const elapsed = stopwatch(environment);
	const gone = leaving();
	const callers = new Set([first]);
	const queue = [first];
	const progress = noProgress();
	let snapshot = initialSnapshot('working', first.settings.retry.limit + 1, environment.now());
	/** The caller whose request is sent, and the work on it. */
	let leader: Caller | undefined;
	let work: Work | undefined;
	let cancelLinger: (() => void) | undefined;

	function left(): number {
		let most = 0;
		for (const caller of callers) most = Math.max(most, caller.left());
		return most;
	}

	function report(event: EventDetail, {onEvent}: Settings): void {
		const at = environment.now();
		const before = snapshot;
		snapshot = snapshotAfter(snapshot, event, progress.ambiguous, at);
		if (snapshot !== before) plan.changed();
		try {
			onEvent?.({...event, operation, key: work?.key, at});
		} catch {
			// A listener that throws harms nothing.
		}
	}

	/** The first request whose body can be had is the one that is sent. */
	async function fly(): Promise<void> {
		for (const caller of queue) {
			if (!callers.has(caller)) continue;
			try {
				await unlessLeft(gone, caller.request.ready());
			} catch (error) {
				callers.delete(caller);
				caller.fail(error);
				continue;
			}

			const {request, settings, ownKey, since} = caller;
			leader = caller;
			work = {
				environment,
				settings,
				request,
				ownKey,
				since,
				progress,
				elapsed,
				left,
				leaving: gone,
				report: event => {
					report(event, settings);
				},
				key: undefined,
				foreign: false,
			};
			for (const joined of callers) if (joined !== caller) void isSame(caller, joined);
			await land(caller, work);
			return;
		}

		plan.landed(undefined);
	}

	async function land(sent: Caller, job: Work): Promise<void> {
		let tell: (caller: Caller) => void;
		let last: Snapshot | undefined;
		try {
			const result = await plan.run(job);
			const {outcome, answer, attempts, replayed} = result;
			report({type: 'settled', outcome, status: answer?.status, attempts, replayed}, sent.settings);
			if (!isLatchkeyError(result.error, 'PAYLOAD_CHANGED')) last = moved(snapshot, outcome, environment.now());
			tell = caller => {
				caller.deliver(result, caller === sent);
			};
		} catch (error) {
			tell = caller => {
				caller.fail(error);
			};
		}

		cancelLinger?.();
		plan.landed(last);
		for (const caller of callers) {
			if (caller === sent) tell(caller);
			else void isSame(sent, caller).then(same => same && tell(caller));
		}
	}

	/** Whether a caller that joined asks for what is sent; if not, it is out. */
	async function isSame(sent: Caller, caller: Caller): Promise<boolean> {
		try {
			await caller.request.ready();
			if (caller.ownKey !== undefined && caller.ownKey !== sent.ownKey && caller.ownKey !== work?.key)
				throw otherKey(operation);
			if ((await sent.request.fingerprint()) === (await caller.request.fingerprint())) return true;
			throw new PayloadChangedError({operation, key: work?.key});
		} catch (error) {
			leave(caller);
			caller.fail(error);
			return false;
		}
	}

	function leave(caller: Caller): void {
		if (!callers.delete(caller) || callers.size > 0) return;
		const abort = () => {
			gone.leave(new DOMException('Nobody waits for this operation any more', 'AbortError'));
		};
		if (plan.linger === 0) abort();
		else cancelLinger = environment.timer(abort, plan.linger);
	}

	const landed = fly();
	return {
		landed,
		joinable: () => !gone.left(),
		join(caller) {
			cancelLinger?.();
			queue.push(caller);
			callers.add(caller);
			report({type: 'joined'}, caller.settings);
			if (leader !== undefined) void isSame(leader, caller);
		},
		leave,
		snapshot: () => snapshot,
		progress,
		key: () => work?.key,
	};
}
