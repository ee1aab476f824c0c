import {isPromise, type MaybePromise} from '../maybe-promise.ts';

/** Says once that nobody wants an answer any more. An AbortSignal would do, at ten times the cost of a call. */
export type Leaving = {
	readonly reason: () => unknown;
	readonly left: () => boolean;
	/** Calls back when it happens, or at once; returns the way to stop. */
	readonly onLeave: (listener: () => void) => () => void;
};

export function leaving(): Leaving & {readonly leave: (reason: unknown) => void} {
	const listeners = new Set<() => void>();
	let left = false;
	let why: unknown;
	return {
		left: () => left,
		reason: () => why,
		onLeave(listener) {
			if (left) listener();
			else listeners.add(listener);
			return () => {
				listeners.delete(listener);
			};
		},
		leave(reason) {
			left = true;
			why = reason;
			for (const listener of listeners) listener();
		},
	};
}

/** The value, or the reason for leaving: what is not ours (a body, a callback) may never come to an end. */
export function unlessLeft<T>(gone: Leaving, value: MaybePromise<T>): MaybePromise<T> {
	if (!isPromise(value)) return value;
	return new Promise((resolve, reject) => {
		const stop = gone.onLeave(() => {
			reject(gone.reason());
		});
		value.then(resolve, reject).finally(stop);
	});
}
