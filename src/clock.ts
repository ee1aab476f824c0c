/** The clocks, and chance. Apart from the rest, which stores and guards do without. */
export type Clock = {
	/** Wall clock, in milliseconds since the epoch. It may jump. */
	now(): number;
	/** Monotonic clock, in milliseconds. It may stand still while the machine sleeps. */
	monotonic(): number;
	/** A number in [0, 1), for jitter only. */
	random(): number;
	/**
	 * Calls back once after `ms` milliseconds, and never where that is Infinity; returns the way to call it off. `holds`: a
	 * process that has nothing else to do waits for it, as by default.
	 */
	timer(callback: () => void, ms: number, holds?: boolean): () => void;
};

export const clock: Clock = {
	now: () => Date.now(),
	monotonic: () => performance.now(),
	random: () => Math.random(),
	timer(callback, ms, holds = true) {
		if (ms === Number.POSITIVE_INFINITY) return () => undefined;
		const id = setTimeout(callback, ms);
		// Browsers give a number.
		if (!holds && typeof id === 'object') id.unref();
		return () => {
			clearTimeout(id);
		};
	},
};
