import type {Environment} from '../../src/environment.ts';

const START = 1_800_000_000_000;

/** Turns of the event loop after which everybody waits for a timer. */
const QUIET = 4;

/** Virtual time for very many calls, one after the other: it keeps nothing of what is over. */
export function createFlatTime() {
	const timers = new Set<{readonly at: number; readonly callback: () => void}>();
	const listeners = new Set<() => void>();
	let now = START;
	let ids = 0;

	function listen(callback: () => void): () => void {
		listeners.add(callback);
		return () => listeners.delete(callback);
	}

	function fire(until: number): boolean {
		let next: {readonly at: number; readonly callback: () => void} | undefined;
		for (const timer of timers) if (timer.at <= until && (next === undefined || timer.at < next.at)) next = timer;
		if (next === undefined) return false;
		timers.delete(next);
		now = Math.max(now, next.at);
		next.callback();
		return true;
	}

	const environment: Environment = {
		now: () => now,
		monotonic: () => now - START,
		random: () => 0.5,
		uuid: () => `00000000-0000-4000-8000-${String(++ids).padStart(12, '0')}`,
		timer(callback, ms) {
			if (ms === Number.POSITIVE_INFINITY) return () => undefined;
			const timer = {at: now + ms, callback};
			timers.add(timer);
			return () => timers.delete(timer);
		},
		online: () => true,
		onOnline: listen,
		onRestore: listen,
		shared: false,
		baseUrl: () => 'https://shop.test/',
	};

	return {
		environment,
		/** How many wait for a time, or for something to happen to the page. */
		waiting: () => timers.size + listeners.size,
		/** Lets time pass until it settles. */
		async finish<T>(promise: Promise<T>): Promise<T> {
			const state = {isOver: false};
			const over = () => {
				state.isOver = true;
			};
			void promise.then(over, over);
			for (let quiet = 0; !state.isOver; quiet++) {
				await turn();
				if (quiet >= QUIET && !state.isOver) {
					if (!fire(Number.POSITIVE_INFINITY)) throw new Error('nothing is left that could settle it');
					quiet = 0;
				}
			}

			return promise;
		},
		/** What is due within that time happens. */
		async pass(ms: number): Promise<void> {
			const end = now + ms;
			for (let quiet = 0; quiet < QUIET; quiet++) await turn();
			while (fire(end)) await turn();
			now = end;
		},
	};
}

export type FlatTime = ReturnType<typeof createFlatTime>;

async function turn(): Promise<void> {
	await new Promise(resolve => {
		setImmediate(resolve);
	});
}
