export {idempotentEndpoint, type IdempotentEndpoint, type IdempotentEndpointOptions} from './endpoint.ts';
export type {Fault} from './faults.ts';
export type {Saves} from './serve-once.ts';
