/** What is read, or `undefined` where reading throws: some frames may not even look at the storage of their page. */
export function ifReadable<T>(read: () => T): T | undefined {
	try {
		return read();
	} catch {
		return undefined;
	}
}
