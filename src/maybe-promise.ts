export type MaybePromise<T> = T | Promise<T>;

export function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
	return typeof (value as {then?: unknown} | null | undefined)?.then === 'function';
}
