import type {Listed} from '../stores/store.ts';
import type {Realm} from './realm.ts';

/** Whether somebody is at it: a lease that lasts, of an owner that is not known to be gone. */
export async function isAlive({ledger}: Realm, {record: {owner, leaseUntil}, now}: Listed): Promise<boolean> {
	return owner !== '' && now < leaseUntil && !(await ledger.isGone(owner));
}
