import type {Environment} from '../environment.ts';
import type {Realm} from './realm.ts';
import type {OperationRecord} from './record.ts';

/** Whether somebody is at it: a lease that lasts, of an owner that is not known to be gone. */
export async function isAlive(
	{ledger}: Realm,
	{owner, leaseUntil}: OperationRecord,
	{now}: Environment,
): Promise<boolean> {
	return owner !== '' && now() < leaseUntil && !(await ledger.isGone(owner));
}
