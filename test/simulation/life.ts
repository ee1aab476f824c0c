import type {World} from './world.ts';

/** One realm, from its load to its end. All that it does to the world, and all that comes back, goes through here. */
export type Life = {
	readonly name: string;
	alive(): boolean;
	/** Whether a call that it makes happens at all. It may be the last one of this life. */
	call(): boolean;
	/** Whether something that it began still takes effect: always while it lives, perhaps after its end. */
	lands(): boolean;
	/** Something comes to it: dropped once it is dead, late while it is frozen. Returns the way to call it off. */
	later(ms: number, run: () => void): () => void;
	/** It ends at its `calls`th call from now, which still happens if `lands`. */
	arm(calls: number, lands: boolean): void;
	crash(): void;
	freeze(ms: number): void;
	/** The first moment from `time` on, in true time, in which it is not frozen. */
	awake(time: number): number;
	onDeath(listener: () => void): void;
};

export function createLife(world: World, name: string): Life {
	const freezes: Array<{readonly from: number; readonly until: number}> = [];
	const mourners: Array<() => void> = [];
	let isAlive = true;
	let landsAfterDeath = true;
	let callsLeft = Number.POSITIVE_INFINITY;

	function crash(): void {
		if (!isAlive) return;
		isAlive = false;
		world.note(name, 'CRASH');
		world.count('crash');
		for (const mourner of mourners) mourner();
	}

	function awake(time: number): number {
		const freeze = freezes.find(({from, until}) => from <= time && time < until);
		return freeze === undefined ? time : awake(freeze.until);
	}

	function later(ms: number, run: () => void): () => void {
		let cancelled = false;
		const arrive = () => {
			if (!isAlive || cancelled) return;
			const frozen = awake(world.now()) - world.now();
			if (frozen > 0) world.at(frozen, arrive);
			else run();
		};
		const cancel = world.at(ms, arrive);
		return () => {
			cancelled = true;
			cancel();
		};
	}

	return {
		name,
		alive: () => isAlive,
		call() {
			if (!isAlive) return false;
			callsLeft--;
			if (callsLeft > 0) return true;
			crash();
			return landsAfterDeath;
		},
		lands: () => isAlive || landsAfterDeath,
		later,
		arm(calls, lands) {
			callsLeft = calls;
			landsAfterDeath = lands;
		},
		crash,
		freeze(ms) {
			freezes.push({from: world.now(), until: world.now() + ms});
		},
		awake,
		onDeath(listener) {
			mourners.push(listener);
		},
	};
}

/** For what a life that is over waits for. */
export async function never<T>(): Promise<T> {
	return new Promise(() => undefined);
}
