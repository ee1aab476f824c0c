import type {Answer} from '../dialects/dialect.ts';
import type {Environment} from '../environment.ts';
import type {EventDetail} from '../events.ts';
import type {MaybePromise} from '../utils.ts';
import type {Settings} from '../options.ts';
import type {Cancellation} from './cancellation.ts';
import type {Sendable} from '../request/prepared-request.ts';
import type {Exchange} from './send.ts';
import type {Verdict} from './verdict.ts';

/** What attempts are made of. */
export type Job = {
	readonly environment: Environment;
	readonly request: MaybePromise<Sendable>;
	readonly settings: Pick<
		Settings,
		'retry' | 'timeout' | 'attemptHeaders' | 'fingerprintHeaders' | 'reauthorize' | 'dialect'
	>;
	/** What remains of the call's time, in milliseconds. */
	readonly remaining: () => number;
	/** Aborted when nobody wants an answer any more. */
	readonly cancellation: Cancellation;
	/** Whether a further attempt may start: nobody has left for good, the lease holds, the key is young enough. */
	readonly permit: (attempts: number) => MaybePromise<Permit>;
	/** Whether it is still the operation of whoever is signed in. */
	readonly sameScope?: () => boolean;
	/** What an exchange means, given whether an earlier attempt may have had its effect. */
	readonly verdictOf: (exchange: Exchange, progress: Progress) => MaybePromise<Verdict>;
	readonly report: (event: EventDetail) => void;
};

/** `final`: the server would only repeat itself. `pending`: it has not finished. `clock`: the store's clock was set back, so that the key's age is a guess. */
export type Permit = 'go' | 'timed-out' | 'lost' | 'expired' | 'final' | 'pending' | 'clock';

/** What the attempts have shown so far. */
export type Progress = {
	attempts: number;
	/** Of those, the ones that the limit counts: over all that one call sends, also when it has lost its lease meanwhile. */
	retries: number;
	ambiguous: boolean;
	/** The first thing that went wrong. It is the one reported. */
	firstFailure?: unknown;
	/** The last exchange, and what it means. */
	exchange?: Exchange;
	verdict?: Verdict;
	/** The last answer, which may be older than the last exchange. */
	answer?: Answer;
	/** The first failure is a mistake in what `attemptHeaders` gave. */
	mistaken?: boolean | undefined;
	/** The caller was asked for a cure. */
	reauthorized?: true;
	/** When the server wants to be asked again, later than this call can: wall clock, in milliseconds since the epoch. */
	retryAt?: number;
};

export function noProgress(): Progress {
	return {attempts: 0, retries: 0, ambiguous: false};
}

export type AttemptsResult = Progress & {
	readonly why: 'answered' | 'exhausted' | 'no-headers' | 'scope-changed' | Exclude<Permit, 'go'>;
};
