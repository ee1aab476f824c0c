import type {Permit} from '../attempt/loop.ts';
import {leaseOf, type Hold} from './claim.ts';
import {isFinal} from './state.ts';
import type {NamedWork} from './named-work.ts';

/**
 * Asked before every attempt. The owner looks before it repeats: another may have taken over while it slept. Nothing
 * is sent under a key that the server may have forgotten, or that it would only answer as before.
 */
export function permitFor(work: NamedWork, hold: Hold): (attempts: number) => Promise<Permit> {
	const {record, stored} = hold;
	const {key, owner, token, state} = record;
	let leaseEnd = work.elapsed() + hold.leaseLeft();

	async function renew(): Promise<Permit> {
		const issued = work.elapsed();
		const lease = leaseOf(work);
		try {
			const {status} = await work.realm.ledger.renew(await work.id, {key, owner, token, lease});
			if (status === 'done') {
				leaseEnd = issued + lease;
				return 'go';
			}

			work.report({type: 'lease-lost'});
			return 'lost';
		} catch (error) {
			work.report({type: 'store-error', step: 'renew', error});
			// While the lease lasts nobody can have taken over, whether or not the store answers.
			return work.elapsed() < leaseEnd ? 'go' : 'left';
		}
	}

	return async attempts => {
		if (isFinal(state)) return 'expired';
		if (stored && (attempts > 0 || work.elapsed() >= leaseEnd)) {
			const renewed = await renew();
			if (renewed !== 'go') return renewed;
		}

		if (work.deserted() || work.left() <= 0) return 'left';
		return hold.keyLeft() > 0 ? 'go' : 'expired';
	};
}
