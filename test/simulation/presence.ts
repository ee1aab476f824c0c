import type {Store} from '../../src/stores/store.ts';
import type {Life} from './life.ts';

/** Web Locks, as far as they tell who is alive: a life that is frozen still holds its locks, a dead one does not. */
export function createPresence() {
	const held = new Map<string, Set<() => void>>();

	function release(owner: string): void {
		const waiting = held.get(owner);
		held.delete(owner);
		for (const tell of waiting ?? []) tell();
	}

	return {
		of(life: Life): NonNullable<Store['presence']> {
			return {
				hold(owner) {
					if (!life.call()) return () => undefined;
					held.set(owner, new Set());
					const end = () => {
						release(owner);
					};
					life.onDeath(end);
					return end;
				},
				async gone(owner, signal) {
					return new Promise((resolve, reject) => {
						const tell = () => {
							life.later(0, resolve);
						};
						const waiting = held.get(owner);
						if (waiting === undefined) tell();
						else waiting.add(tell);
						signal.addEventListener('abort', () => {
							waiting?.delete(tell);
							reject(signal.reason);
						});
					});
				},
			};
		},
	};
}
