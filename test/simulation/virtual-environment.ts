import type {Environment} from '../../src/environment.ts';
import type {Life} from './life.ts';
import type {World} from './world.ts';

/** Whether the machine knows that there is no network, and who wants to hear when it returns. */
export type Connection = {online: boolean; readonly listeners: Set<() => void>};

/** The ambient world of one life. A life may end at any of these calls, like at any other. */
export function virtualEnvironment(
	world: World,
	life: Life,
	connection: Connection,
	random: () => number,
	uuid: () => string,
	skew: number,
): Environment {
	function call<T>(run: () => T): T {
		life.call();
		return run();
	}

	return {
		now: () => call(() => world.wall() + skew),
		monotonic: () => call(() => world.now() - world.slept),
		random: () => call(random),
		uuid: () => call(uuid),
		timer: (callback, ms) => (life.call() ? life.later(ms, callback) : () => undefined),
		online: () => call(() => connection.online),
		onOnline(callback) {
			const hear = () => life.later(0, callback);
			if (life.call()) connection.listeners.add(hear);
			return () => {
				connection.listeners.delete(hear);
			};
		},
		onRestore: () => () => undefined,
		shared: false,
		baseUrl: () => 'https://shop.test/',
	};
}
