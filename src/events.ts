import type {Meaning} from './attempt/verdict.ts';
import type {Outcome} from './errors.ts';

/** What every event tells: which operation (absent for unnamed calls), under which key, and when (wall clock, ms). */
export type EventFacts = {
	readonly operation: readonly string[] | undefined;
	readonly key: string | undefined;
	readonly at: number;
};

/** What happened. */
export type EventDetail =
	/** An exchange begins. `attempt` counts from 1. */
	| {readonly type: 'attempt'; readonly attempt: number}
	/** It ended: with an answer (`status`), or without one (`error`). */
	| {
			readonly type: 'answer';
			readonly attempt: number;
			readonly verdict: Meaning;
			readonly status: number | undefined;
			readonly error: unknown;
			readonly replayed: boolean;
	  }
	/** Nothing happens for `ms` milliseconds, or until the network returns. */
	| {readonly type: 'wait'; readonly ms: number; readonly why: 'retry' | 'in-progress' | 'offline'}
	/** Another call in this realm takes part in this operation. */
	| {readonly type: 'joined'}
	/** Another tab or process is at it: this call waits for its outcome. */
	| {readonly type: 'waiting-elsewhere'}
	/** An earlier owner is gone; its attempt may have had its effect, so only success is believed. */
	| {readonly type: 'taken-over'}
	/** Somebody else took the operation over: this call now waits for them. */
	| {readonly type: 'lease-lost'}
	/** The same fingerprint came with other bytes. They go under the same key. */
	| {readonly type: 'bytes-changed'}
	/** A cross-origin call failed at once: its preflight most often does not allow this header. */
	| {readonly type: 'preflight-suspected'; readonly header: string}
	/** A step of the store failed after something was sent; it is tried again in the background. */
	| {readonly type: 'store-error'; readonly step: string; readonly error: unknown}
	/** The store holds another key for this operation than was sent while it failed: nothing more is sent under either from here. */
	| {readonly type: 'key-conflict'; readonly storedKey: string}
	/** A success came for a key that another one has replaced by now (a changed request, or a `force`). */
	| {readonly type: 'late-success'; readonly replacedBy: string}
	/** The guarantee is weaker from here: records are kept in the memory of this realm only. */
	| {readonly type: 'degraded'; readonly error: unknown}
	/** The outcome of the call. `unknown` keeps its key. */
	| {
			readonly type: 'settled';
			readonly outcome: Outcome;
			readonly status: number | undefined;
			readonly attempts: number;
			readonly replayed: boolean;
	  };

/**
 * What `onEvent` is told.
 *
 * @example
 * createFetch({onEvent: ({type, operation, at}) => console.debug(new Date(at).toISOString(), type, operation)});
 */
export type LatchkeyEvent = EventFacts & EventDetail;
