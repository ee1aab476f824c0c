import type {Life} from './life.ts';
import {sharesKeys, type Plan} from './plan.ts';
import type {ServerKind} from './servers.ts';
import type {KeyFacts} from './truth.ts';
import type {World} from './world.ts';

/** What no client can see through in a world, and so is not held against it. */
export function createExcuses(world: World, kind: ServerKind, plan: Plan) {
	const forgets = kind.retention !== Number.POSITIVE_INFINITY;
	/** A server forgets keys sooner than tab 1 can know. */
	const isUndeclared = plan.undeclared && forgets;
	/** How old a key is that another device made is only known where the application says so; a server may have forgotten it. */
	const ageless = isUndeclared || (sharesKeys(plan) && !(plan.keys === 'own' && plan.since));
	const isSet = plan.actions.some(action => action.do === 'set clock' || action.do === 'sleep');

	/** A store's clock that was set back makes ages guesses; only an owner who sees it jump can tell. */
	function isSetBack(): boolean {
		return plan.storeClock === 'machine' && world.setBack > 10_000;
	}

	/** Where its senders keep their records: on one device or the other, or in memory. */
	function storesOf({sentBy}: KeyFacts): Set<string> {
		const second = (name: string) => plan.devices === 2 && name.startsWith('tab 2.');
		return new Set([...sentBy].map(name => (name.endsWith(`.${plan.unopened}`) ? name : second(name) ? '2' : '1')));
	}

	/** Refusals that no client can see through: those of somebody who may be wrong by now, or of one of two copies. */
	function excused(facts: KeyFacts, life?: Life): boolean {
		// Who sends a key that is not random without the store breaks what the others go by. Who has no store is to doubt.
		const opens = plan.unopened === undefined || !life?.name.endsWith(`.${plan.unopened}`);
		const unclaimed = opens && plan.keys !== 'random' && facts.apartIn.size > 0 && facts.sentBy.size > 1;
		return facts.disowned || unclaimed || ((facts.duplicated || facts.misled) && !kind.gates);
	}

	return {
		/** Nothing keeps a caller from sending while its time lasts. */
		isQuiet: plan.store.length === 0 && plan.callbacks.length === 0 && !isSet,
		isSetBack,
		mayBeForgotten: () => forgets && (ageless || isSetBack()),
		storesOf,
		excused,
	};
}

export function areApart<T>(some: ReadonlySet<T>, others: ReadonlySet<T>): boolean {
	return [...some].every(one => !others.has(one));
}
