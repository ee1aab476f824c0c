import type {Subject} from './entry.ts';

/** What a guard tells of. `subject`: which key. */
export type GuardEvent = {readonly subject: Subject} & (
	| /** A step of the store failed, or took too long. */ {
			readonly type: 'store-error';
			readonly step: 'begin' | 'mark' | 'renew' | 'answer' | 'release' | 'take' | 'sweep';
			readonly error: unknown;
	  }
	/** The handler ran without a claim, as `onStoreError: 'run'` says: it may run twice. */
	| {readonly type: 'unguarded'}
	/** The run has lost its lease, or could not lengthen it: another may run, and its answer is not kept. */
	| {readonly type: 'lease-lost'}
	/** The run ended and nobody knows whether it took effect. `error`: what the handler threw. */
	| {readonly type: 'doubt'; readonly error?: unknown}
	/** `reconcile` threw: the doubt stays. */
	| {readonly type: 'reconcile-error'; readonly error: unknown}
);
