export type {Unsettled} from '../core.ts';
export {idempotent, operationOf, type Listener, type NodeGuard, type NodeOperation} from './guard.ts';
export type {NodeGuardOptions} from './options.ts';
