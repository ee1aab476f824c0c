export {createFetch, type LatchkeyFetch} from './fetch.ts';
export type {WithOperations} from './context.ts';
export {outcomeOf, type OutcomeReport} from './operation/outcome.ts';
export {operationOf, type OperationHandle} from './operation/handle.ts';
export type {Snapshot} from './operation/snapshot.ts';
export {unfinished, type Unfinished} from './operation/unfinished.ts';
export {forgetAll} from './operation/forget-all.ts';

export type {CallOptions, FetchOptions, ResumeInit, SharedOptions} from './options.ts';
export type {OutcomeOptions} from './outcome-options.ts';
export type {RetryOptions} from './retry-options.ts';
export {fromContent, type FromContent, type OperationName} from './request/identity.ts';
export {contentKey} from './request/content-key.ts';
export type {KeyFrom} from './request/key.ts';

export {memoryStore} from './stores/memory.ts';
export type {
	Claim,
	ClaimResult,
	Freeing,
	FreeResult,
	Lease,
	Listed,
	OperationId,
	Renewal,
	Settlement,
	Store,
	WriteResult,
} from './stores/store.ts';
export type {KeyLimits, OperationRecord, PendingDetails, StoredAnswer, StoredRequest} from './operation/record.ts';
export type {State} from './operation/state.ts';
export type {AttemptFacts, Reauthorize} from './attempt/facts.ts';
export type {MaybePromise} from './utils.ts';

export {ietf, type IetfOptions} from './dialects/ietf.ts';
export type {AlreadyDone, Answer, Carried, Carrier, Dialect, Reading, StatusRequest} from './dialects/dialect.ts';

export type {EventDetail, EventFacts, LatchkeyEvent} from './events.ts';
export type {Meaning} from './attempt/verdict.ts';
export {
	AlreadySucceededError,
	BodyNotReplayableError,
	isLatchkeyError,
	KeyReuseError,
	LatchkeyError,
	NotSentError,
	OutcomeUnknownError,
	PayloadChangedError,
	PendingError,
	RefusedError,
	StoreError,
	type ErrorCode,
	type ErrorFacts,
	type NotSendable,
	type Outcome,
} from './errors.ts';
