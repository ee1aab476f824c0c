import type {Answer, Seen} from './exchange.ts';
import type {Operation, Variant} from './requests.ts';
import type {Settings} from './settings.ts';

/** What a check can find. By names that stay. */
export const outcomes = [
	'succeeded',
	'failed',
	'another-effect',
	'answers-alike',
	'replayed',
	'same-resource',
	'executed-again',
	'refused',
	'in-progress',
	'no-answer',
	'unclear',
	'not-compared',
	'same-key',
	'another-key',
	'scoped',
	'shared',
	'not-accepted',
	'one-effect',
	'several-effects',
	'locked',
	'accepted',
	'truncated',
	'saved',
	'unknown',
	'freed',
	'kept',
	'not-seen',
	'skipped',
] as const;

export type Found = (typeof outcomes)[number];

export type Finding = {
	readonly found: Found;
	/** For people, on one line. */
	readonly says: string;
	/** New effects in this check: counted, or as the answers tell. `undefined`: not known. */
	readonly effects?: number | undefined;
	/** Answers to two effects differ. */
	readonly tellsApart?: boolean;
};

/** One exchange, with why it was made. */
export type Observation = {
	readonly check: CheckId;
	readonly operation: Operation;
	readonly variant: Variant;
	readonly delivery: 'whole' | 'lost' | 'aborted';
	readonly seen: Seen;
};

export type CheckId =
	| 'first-call'
	| 'another-key'
	| 'replay'
	| 'members-reordered'
	| 'other-payload'
	| 'quoted-key'
	| 'upper-case-key'
	| 'two-credentials'
	| 'two-at-once'
	| 'twenty-at-once'
	| 'missing-key'
	| 'empty-key'
	| 'long-key'
	| 'refusal-then-retry'
	| 'error-then-retry'
	| 'lost-response'
	| 'client-abort'
	| 'retention'
	| 'lapsed-lease';

export type Check = {
	readonly id: CheckId;
	readonly title: string;
	/** At most. */
	readonly requests: number;
	/** At most, if no key were honoured. */
	readonly effects: number;
	/** Why it cannot be made with these settings; `undefined` if it can. */
	readonly leftOut?: (settings: Settings) => string | undefined;
	readonly run: (lab: Lab) => Promise<Finding>;
};

/** What a check works with. */
export type Lab = {
	readonly settings: Settings;
	/** The operation of the first call, and its answer. */
	readonly first: {readonly operation: Operation; readonly answer: Answer};
	/** Whether answers to different effects differ: only then can effects be told by answers. */
	readonly tellsApart: boolean;
	/** Found by the checks before. */
	readonly findings: ReadonlyMap<CheckId, Finding>;
	readonly observations: readonly Observation[];
	readonly newOperation: (like?: Operation) => Operation;
	readonly send: (operation: Operation, variant?: Variant) => Promise<Seen>;
	/** The server answers, and the answer is lost on its way; `kept` is what it was, where it can be read. */
	readonly sendAndLose: (operation: Operation) => Promise<{readonly seen: Seen; readonly kept: Seen | undefined}>;
	readonly sendAndAbort: (operation: Operation) => Promise<Seen>;
	/** Sends again while the answer may mean that the first request still runs, a few times. */
	readonly sendUntilDone: (operation: Operation, variant?: Variant) => Promise<Seen>;
	/** Effects since the last time that it was asked; `undefined` where nobody counts. */
	readonly counted: () => Promise<number | undefined>;
	readonly pause: (milliseconds: number) => Promise<void>;
	readonly now: () => number;
};

/** How often a request is sent again at most, while the first one may still run. */
export const polls = 5;
