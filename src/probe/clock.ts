/** Times enter here, so that tests need not wait. All in milliseconds. */
export type Clock = {
	/** Only differences mean something. */
	readonly now: () => number;
	readonly pause: (milliseconds: number) => Promise<void>;
	/** Calls back once, later, unless what it returns is called before. */
	readonly after: (milliseconds: number, callback: () => void) => () => void;
};

export const systemClock: Clock = {
	now: () => performance.now(),
	pause: async milliseconds =>
		new Promise(resolve => {
			setTimeout(resolve, milliseconds);
		}),
	after(milliseconds, callback) {
		const timer = setTimeout(callback, milliseconds);
		return () => {
			clearTimeout(timer);
		};
	},
};
