import {isPromise} from './maybe-promise.ts';

/** A promise that a callback gave and nobody asked for: its rejection would end a Node process. */
export function hushed<T>(value: T): T {
	if (isPromise<unknown>(value)) value.then(undefined, () => undefined);
	return value;
}

/** Calls a listener, which harms nothing: what it throws, now or later, is its own affair. */
export function tellGuarded<Given extends unknown[]>(listener: (...given: Given) => unknown, ...given: Given): void {
	try {
		hushed(listener(...given));
	} catch {
		// Nobody could do anything about it.
	}
}
