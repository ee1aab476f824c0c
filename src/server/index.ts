export {corsHeaders, withCors} from './cors.ts';
export type {
	Beginning,
	BeginResult,
	Entry,
	EntryStore,
	Hold,
	HoldResult,
	KeptAnswer,
	ResolveResult,
	Subject,
	TakeResult,
} from './entry.ts';
export type {GuardEvent} from './events.ts';
export {idempotent, type Guard, type Handler} from './guard.ts';
export {memoryEntries} from './memory.ts';
export {
	operationFetch,
	type ClientFetch,
	type OperationFetch,
	type StepCalls,
	type StepInit,
} from './operation-fetch.ts';
export type {Operation} from './operation.ts';
export type {GuardOptions} from './options.ts';
