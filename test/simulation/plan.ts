import type {ServerName} from './all-servers.ts';
import type {GuardPlan} from './guard-plan.ts';

/** Everything that chance decides of one world. Shrinking takes things out: what a list no longer says goes well. */
export type Plan = Configuration & {
	readonly server: ServerName;
	/** `own`: the application's, the same on every device, renewed when an operation is refused for good or over. */
	readonly keys: 'random' | 'content' | 'own';
	readonly keySenders: 'this-store' | 'anywhere';
	/** The application says when its own keys were made. */
	readonly since: boolean;
	/** Tab 2 may be another device: the same keys, where they are not random, and a store of its own. */
	readonly devices: 1 | 2;
	/** Which life from the first on finds that its store cannot be opened. */
	readonly unopened: number | undefined;
	/** Tab 1 does not know how long the server keeps keys, whatever the others declare. */
	readonly undeclared: boolean;
	/** Who use the machine, one after the other. */
	readonly users: 1 | 2;
	/** Whose clock the store goes by: the machine's, which may be set, or one of its own. */
	readonly storeClock: 'machine' | 'own';
	/** How far the process of tab 1 is ahead of a store with a clock of its own, in milliseconds. */
	readonly skew: number;
	/** What the application's `fetch` does besides sending. */
	readonly wrapper: Wrapper;
	/** What tab 1 is configured to otherwise than the others. */
	readonly other: Partial<Configuration>;
	/** What the shared store can do besides keeping records. */
	readonly watch: boolean;
	readonly presence: boolean;
	/** How long a claim lasts without a renewal, in milliseconds, if the store says so. */
	readonly lease: number | undefined;
	/** Callers ask for redirects to be followed. */
	readonly follows: boolean;
	readonly jitter: number;
	readonly actions: readonly Action[];
	/** One for each request, in order. */
	readonly network: readonly Fate[];
	/** One for each call of a store, in order. */
	readonly store: readonly StoreFate[];
	/** What fails of it is only what writes: its disk is full. */
	readonly full: boolean;
	/** It is in this process, and answers within the call where nothing delays it; otherwise a moment later, like a database. */
	readonly synchronous: boolean;
	/** Which of its callbacks the application gives that go wrong at times. */
	readonly callbacks: readonly CallbackName[];
	/** One for each call of those, in order. */
	readonly trouble: readonly CallbackFate[];
	/** One for each execution, in order. */
	readonly work: readonly Work[];
	/** What happens within the server, where that is the guard of this package. */
	readonly guard: GuardPlan;
};

/** What one client may say otherwise than another of the same store. */
export type Configuration = {
	/** It knows what the server documents; otherwise it goes by the defaults. */
	readonly dialect: 'documented' | 'default';
	readonly reconcile: boolean;
	readonly keepResponse: boolean;
	readonly keepRequest: boolean;
	readonly onStoreError: 'fail' | 'degrade';
};

/**
 * `spreads`: copies `init.headers` by spreading them. `appends`: changes them in place. `audits`: posts every third answer to
 * a log that is down, and fails for it. `retries`: sends once more by itself when the network fails.
 */
export type Wrapper = 'none' | 'spreads' | 'appends' | 'audits' | 'retries';

/** `after`: milliseconds since the action before. */
export type Action = {readonly after: number; readonly tab: number} & (
	| {
			readonly do: 'pay';
			readonly operation: string;
			readonly cart: number;
			readonly abortAfter: number | undefined;
			readonly hurry: boolean;
	  }
	| {readonly do: 'complete' | 'forget' | 'force'; readonly operation: string}
	| {readonly do: 'resolve'; readonly operation: string; readonly lie: boolean}
	| {readonly do: 'resume'; readonly operation: string}
	| {readonly do: 'forgetAll' | 'crash' | 'sweep' | 'switch user'}
	| {readonly do: 'crash at'; readonly call: number; readonly lands: boolean}
	| {readonly do: 'freeze' | 'sleep' | 'offline'; readonly ms: number}
	| {readonly do: 'set clock'; readonly by: number}
);

export type Fate =
	| {readonly kind: 'through'; readonly there: number; readonly back: number}
	/** It never arrives; silently, or with an error. */
	| {readonly kind: 'lose request'; readonly silent: boolean}
	| {readonly kind: 'lose response'; readonly there: number; readonly silent: boolean}
	| {readonly kind: 'cut response'; readonly there: number}
	/** A load balancer sends it again, and passes on the answer of either. */
	| {readonly kind: 'duplicate'; readonly gap: number; readonly passOn: 'first' | 'second'}
	/** Something in front of the server answers. */
	| {readonly kind: 'front'; readonly status: number; readonly retryAfter: number | undefined}
	/** It ends at a login page, having had its effect or not. */
	| {readonly kind: 'redirect'; readonly executed: boolean}
	| {readonly kind: 'no connection'}
	/** It arrives, and the client is told that no connection was made. */
	| {readonly kind: 'wrongly not sent'; readonly there: number}
	/** A proxy or a browser sends it again, and something in front of the server turns the second copy away. */
	| {readonly kind: 'repeat turned away'; readonly there: number; readonly status: number};

/** Whether keys are sent from two stores. With random keys two devices are two customers. */
export function sharesKeys({devices, unopened, keys}: Plan): boolean {
	return keys !== 'random' && (devices === 2 || unopened !== undefined);
}

export type StoreFate = {
	/** Until it takes effect, in milliseconds; `undefined`: at once. */
	readonly there: number | undefined;
	readonly back: number;
	readonly fails: 'no' | 'before' | 'after' | 'never answers';
};

/** Those of `FetchOptions` and of a dialect, and what is subscribed to a handle. */
export const callbackNames = [
	'onEvent',
	'listener',
	'judge',
	'pending',
	'reconcile',
	'attemptHeaders',
	'reauthorize',
	'fingerprint',
	'delay',
	'keyFrom',
	'scope',
	'formatKey',
] as const;

export type CallbackName = (typeof callbackNames)[number];

/** `rejects`, `hangs`: its promise does, also where no promise is asked for. */
export type CallbackFate = 'answers' | 'throws' | 'rejects' | 'hangs';

export type Work = {readonly ms: number; readonly result: 'ok' | 'declined' | 'missing' | 'broken'};
