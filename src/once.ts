/** Makes it at the first call, and gives the same after that. */
export function once<T extends object | string>(make: () => T): () => T {
	let made: T | undefined;
	return () => (made ??= make());
}
