import type {Check} from './check.ts';
import type {Life} from './life.ts';
import type {World} from './world.ts';

/**
 * Holds it against a life when something there does not end in time. `thawed`: what it may take again after a freeze.
 * A life that is over ends nothing.
 */
export function createDeadline(world: World, life: Life, check: Check) {
	return async function within<T>(what: string, most: number, thawed: number, begin: () => Promise<T>): Promise<T> {
		const started = world.now();
		let ended = false;
		const promise = begin();
		const look = () => {
			const late = world.now() - life.awake(life.awake(started + most) + thawed);
			if (late <= 0) world.at(1 - late, look);
			else if (!ended && life.alive()) check.violation(`${what} in ${life.name} did not end within ${most} ms`);
		};
		world.at(most + 1, look);
		try {
			return await promise;
		} finally {
			ended = true;
		}
	};
}
