import {isPromise, type MaybePromise} from '../utils.ts';

/** Says once that nobody wants an answer any more. An AbortSignal would do, at ten times the cost of a call. */
export type Cancellation = {
	readonly cancelled: () => boolean;
	/** Calls back with the reason when it happens, or at once; returns the way to stop. */
	readonly onCancel: (listener: (reason: unknown) => void) => () => void;
};

export function cancellation(): Cancellation & {readonly cancel: (reason: unknown) => void} {
	const listeners = new Set<(reason: unknown) => void>();
	let cancelled = false;
	let why: unknown;
	return {
		cancelled: () => cancelled,
		onCancel(listener) {
			if (cancelled) listener(why);
			else listeners.add(listener);
			return () => {
				listeners.delete(listener);
			};
		},
		cancel(reason) {
			cancelled = true;
			why = reason;
			for (const listener of listeners) listener(reason);
		},
	};
}

/** The value, or the reason of the cancellation: what is not ours (a body, a callback) may never come to an end. */
export function unlessCancelled<T>(gone: Cancellation, value: MaybePromise<T>): MaybePromise<T> {
	if (!isPromise(value)) return value;
	return new Promise((resolve, reject) => {
		const stop = gone.onCancel(reject);
		value.then(resolve, reject).finally(stop);
	});
}
