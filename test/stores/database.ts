/** Plain IndexedDB, for a test to look into a database, or to spoil it, behind the store's back. */
export function openPlain(name: string, version?: number): Promise<IDBDatabase> {
	const request = indexedDB.open(name, version);
	return done(request);
}

export function done<T>(request: IDBRequest<T>): Promise<T> {
	return new Promise((resolve, reject) => {
		request.addEventListener('success', () => resolve(request.result));
		request.addEventListener('error', () => reject(request.error));
	});
}

export async function putRaw(name: string, value: unknown): Promise<void> {
	const database = await openPlain(name);
	await done(database.transaction('operations', 'readwrite').objectStore('operations').put(value));
	database.close();
}

export async function getRaw(name: string, key: [scope: string, name: string]): Promise<unknown> {
	const database = await openPlain(name);
	const value: unknown = await done(database.transaction('operations').objectStore('operations').get(key));
	database.close();
	return value;
}

/** A database of its own for each test. */
export function freshName(): string {
	return `test-${crypto.randomUUID()}`;
}
