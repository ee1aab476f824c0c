import {leaving} from '../attempt/leaving.ts';
import {noProgress, type Progress} from '../attempt/loop.ts';
import {stopwatch, type Environment} from '../environment.ts';
import type {EventDetail} from '../events.ts';
import type {Settings} from '../options.ts';
import type {Outgoing} from '../request/outgoing.ts';
import type {Result} from './result.ts';
import {initialSnapshot, snapshotAfter, snapshotOfResult, type Snapshot} from './snapshot.ts';
import type {Work} from './work.ts';

/** One call that takes part in a flight. */
export type Caller = {
	readonly request: Outgoing;
	readonly settings: Settings;
	readonly ownKey: string | undefined;
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
	/** The error for a caller that joined with another payload. */
	readonly payloadChanged: (key: string | undefined) => Error;
	/** The snapshot has changed. */
	readonly changed: (snapshot: Snapshot) => void;
	readonly landed: () => void;
};

export function takeOff(first: Caller, plan: Plan): Flight {
	const {environment, operation} = plan;
	const elapsed = stopwatch(environment);
	const gone = leaving();
	const callers = new Map<Caller, Promise<boolean>>();
	const queue: Caller[] = [];
	const progress = noProgress();
	let snapshot = initialSnapshot('working', first.settings.retry.limit + 1, environment.now());
	let work: Work | undefined;
	let cancelLinger: (() => void) | undefined;
	let chosen: (request: Outgoing | undefined) => void;
	const sent = new Promise<Outgoing | undefined>(resolve => {
		chosen = resolve;
	});

	function workFor({request, settings, ownKey}: Caller): Work {
		return {
			environment,
			settings,
			request,
			ownKey,
			progress,
			elapsed,
			left: () => Math.max(0, ...Array.from(callers.keys(), caller => caller.left())),
			deserted: () => callers.size === 0,
			leaving: gone,
			report: event => {
				report(event, settings);
			},
			key: undefined,
		};
	}

	function report(event: EventDetail, {onEvent}: Settings): void {
		const at = environment.now();
		const next = snapshotAfter(snapshot, event, progress.ambiguous, at);
		if (next !== snapshot) {
			snapshot = next;
			plan.changed(snapshot);
		}

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
				await caller.request.ready();
			} catch (error) {
				callers.delete(caller);
				caller.fail(error);
				continue;
			}

			chosen(caller.request);
			work = workFor(caller);
			await land(caller, work);
			return;
		}

		chosen(undefined);
		plan.landed();
	}

	async function land(leader: Caller, job: Work): Promise<void> {
		let tell: (caller: Caller) => void;
		try {
			const result = await plan.run(job);
			const {outcome, answer, attempts, replayed} = result;
			job.report({type: 'settled', outcome, status: answer?.status, attempts, replayed});
			snapshot = snapshotOfResult(snapshot, result, environment.now());
			tell = caller => {
				caller.deliver(result, caller === leader);
			};
		} catch (error) {
			snapshot = initialSnapshot('idle', snapshot.limit, environment.now());
			tell = caller => {
				caller.fail(error);
			};
		}

		cancelLinger?.();
		plan.landed();
		plan.changed(snapshot);
		for (const [caller, same] of callers) void same.then(is => is && tell(caller));
	}

	/** Whether the caller's request is the one that is sent; if not, the caller is out. */
	async function isSame(caller: Caller): Promise<boolean> {
		try {
			const request = await sent;
			if (request === undefined || request === caller.request) return request !== undefined;
			await caller.request.ready();
			if ((await request.fingerprint()) === (await caller.request.fingerprint())) return true;
			throw plan.payloadChanged(work?.key);
		} catch (error) {
			leave(caller);
			caller.fail(error);
			return false;
		}
	}

	function join(caller: Caller): void {
		cancelLinger?.();
		queue.push(caller);
		callers.set(caller, isSame(caller));
	}

	function leave(caller: Caller): void {
		if (!callers.delete(caller) || callers.size > 0) return;
		const abort = () => {
			gone.leave(new DOMException('Nobody waits for this operation any more', 'AbortError'));
		};
		if (plan.linger === 0) abort();
		else cancelLinger = environment.timer(abort, plan.linger);
	}

	join(first);
	const landed = fly();
	return {
		landed,
		joinable: () => !gone.left(),
		join(caller) {
			join(caller);
			report({type: 'joined'}, caller.settings);
		},
		leave,
		snapshot: () => snapshot,
		progress,
		key: () => work?.key,
	};
}
