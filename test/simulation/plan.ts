import type {ServerName} from './servers.ts';

/** Everything that chance decides of one world. Shrinking takes things out: what a list no longer says goes well. */
export type Plan = {
	readonly server: ServerName;
	/** The client knows what the server documents; otherwise it goes by the defaults. */
	readonly dialect: 'documented' | 'default';
	readonly keys: 'random' | 'content';
	/** What the shared store can do besides keeping records. */
	readonly watch: boolean;
	readonly presence: boolean;
	/** How long a claim lasts without a renewal, in milliseconds, if the store says so. */
	readonly lease: number | undefined;
	readonly reconcile: boolean;
	readonly keepResponse: boolean;
	readonly keepRequest: boolean;
	readonly onStoreError: 'fail' | 'degrade';
	/** Callers ask for redirects to be followed. */
	readonly follows: boolean;
	readonly jitter: number;
	readonly actions: readonly Action[];
	/** One for each request, in order. */
	readonly network: readonly Fate[];
	/** One for each call of a store, in order. */
	readonly store: readonly StoreFate[];
	/** One for each execution, in order. */
	readonly work: readonly Work[];
};

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
	| {readonly do: 'forgetAll' | 'crash'}
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
	| {readonly kind: 'no connection'};

export type StoreFate = {
	/** Until it takes effect, in milliseconds; `undefined`: within the call. */
	readonly there: number | undefined;
	readonly back: number;
	readonly fails: 'no' | 'before' | 'after' | 'never answers';
};

export type Work = {readonly ms: number; readonly result: 'ok' | 'declined' | 'broken'};
