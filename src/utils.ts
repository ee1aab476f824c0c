export type MaybePromise<T> = T | Promise<T>;

export function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
	return typeof (value as {then?: unknown} | null | undefined)?.then === 'function';
}

export function after<T, R>(value: MaybePromise<T>, then: (value: T) => MaybePromise<R>): MaybePromise<R> {
	return isPromise(value) ? value.then(then) : then(value);
}

/** Makes it at the first call, and gives the same after that. */
export function once<T extends object | string>(make: () => T): () => T {
	let made: T | undefined;
	return () => (made ??= make());
}

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

/** What is read, or `undefined` where reading throws: some frames may not even look at the storage of their page. */
export function ifReadable<T>(read: () => T): T | undefined {
	try {
		return read();
	} catch {
		return undefined;
	}
}

/** What a value calls itself: by its tag, or by its class where that has none (React Native, happy-dom). */
export function nameOf(value: unknown): string {
	const tag = Object.prototype.toString.call(value).slice(8, -1);
	if (tag !== 'Object') return tag;
	const prototype = Object.getPrototypeOf(value) as {constructor?: {name?: string}} | null;
	return prototype?.constructor?.name ?? tag;
}

/** Whether it has these methods. */
export function can<M extends string>(value: unknown, ...methods: readonly M[]): value is Record<M, () => unknown> {
	return methods.every(method => typeof (value as Record<string, unknown> | null | undefined)?.[method] === 'function');
}
