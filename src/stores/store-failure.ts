const NAME = 'StoreUnavailableError';

/**
 * For a store that cannot even be opened here (no such engine, no permission): nobody else can hold a key in it either,
 * so the core goes on in memory and says so. Every other failure, a full or slow store among them, must be thrown as it is.
 */
export function storeUnavailable(message: string, cause?: unknown): Error {
	const error = cause === undefined ? new Error(message) : new Error(message, {cause});
	error.name = NAME;
	return error;
}

/** By name, so that it holds over realms and duplicate copies of the package. */
export function isStoreUnavailable(error: unknown): boolean {
	return (error as {name?: unknown} | null | undefined)?.name === NAME;
}
