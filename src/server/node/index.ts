export type {Unsettled} from '../core.ts';
export {idempotent, type NodeGuard} from './guard.ts';
export {operationOf, type Listener, type NodeOperation} from './listener.ts';
export type {NodeGuardOptions} from './options.ts';
