export {idempotentEndpoint, type IdempotentEndpoint} from './endpoint.ts';
export type {IdempotentEndpointOptions} from './options.ts';
export type {Fault, RandomFaults} from './faults.ts';
export type {Saves} from './answers.ts';
