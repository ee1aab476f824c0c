import {ifReadable} from '../../utils.ts';
import {domError} from '../../signals.ts';
import {storeUnavailable} from '../store-failure.ts';

export type Connection = {
	/**
	 * One transaction around one request: `read` gets its result, may write, and gives the answer, all synchronously.
	 * Resolves once the transaction is complete; whatever `read` throws aborts it and is thrown.
	 */
	transact<T, R>(mode: IDBTransactionMode, ask: Ask<T>, read: Read<T, R>): Promise<R>;
	close(): Promise<void>;
};

type Ask<T> = (records: IDBObjectStore) => IDBRequest<T>;
type Read<T, R> = (result: T, records: IDBObjectStore) => R;

const VERSION = 1;
const RECORDS = 'operations';

/** A connection that is opened on first use, and again when the browser has dropped it. */
export function connectTo(name: string): Connection {
	let current: Promise<IDBDatabase> | undefined;
	let hasOpened = false;

	function open(): Promise<IDBDatabase> {
		const opening = reach(() => forget(opening));
		opening.catch(() => forget(opening));
		return opening;
	}

	async function reach(onClose: () => void): Promise<IDBDatabase> {
		try {
			const database = await openDatabase(name);
			database.addEventListener('close', onClose);
			database.addEventListener('versionchange', () => database.close());
			hasOpened = true;
			return database;
		} catch (error) {
			// Once it was open it may hold keys: to lose it then is a failure, and no reason to go on without it.
			throw isDenied(error) && !hasOpened ? storeUnavailable('this realm may not use IndexedDB', error) : error;
		}
	}

	function forget(connection: Promise<IDBDatabase>): void {
		if (current === connection) current = undefined;
	}

	async function discard(connection: Promise<IDBDatabase>): Promise<void> {
		forget(connection);
		(await connection).close();
	}

	return {
		async transact(mode, ask, read) {
			const connection = (current ??= open());
			try {
				return await inTransaction(await connection, mode, ask, read);
			} catch (error) {
				// Safari drops connections of background tabs: https://bugs.webkit.org/show_bug.cgi?id=197050
				// Repeating is safe even if the first transaction did commit: a step then writes the same again, or nothing.
				if (!isDropped(error)) throw error;
				await discard(connection);
				return inTransaction(await (current ??= open()), mode, ask, read);
			}
		},
		async close() {
			if (current !== undefined) await discard(current);
		},
	};
}

function inTransaction<T, R>(
	database: IDBDatabase,
	mode: IDBTransactionMode,
	ask: Ask<T>,
	read: Read<T, R>,
): Promise<R> {
	return new Promise((resolve, reject) => {
		const transaction = database.transaction(RECORDS, mode, {durability: 'strict'});
		const records = transaction.objectStore(RECORDS);
		const request = ask(records);
		let answer: R;
		let failure: unknown;

		request.addEventListener('success', () => {
			try {
				answer = read(request.result, records);
			} catch (error) {
				failure = error;
				transaction.abort();
			}
		});
		transaction.addEventListener('complete', () => resolve(answer));
		transaction.addEventListener('abort', () => {
			reject(failure ?? transaction.error ?? domError('the transaction was aborted', 'AbortError'));
		});
	});
}

function openDatabase(name: string): Promise<IDBDatabase> {
	return new Promise((resolve, reject) => {
		const factory = ifReadable(() => globalThis.indexedDB);
		if (!factory) throw storeUnavailable('this realm has no IndexedDB');
		const request = factory.open(name, VERSION);
		request.addEventListener('upgradeneeded', () => {
			request.result.createObjectStore(RECORDS, {keyPath: ['scope', 'name']});
		});
		request.addEventListener('success', () => resolve(request.result));
		request.addEventListener('error', () => reject(request.error));
	});
}

function isDropped(error: unknown): boolean {
	return /^(InvalidState|Unknown)Error$/.test(String(Object(error).name));
}

/** Blocked site data has a name; Chromium's blocked cookies and Firefox's older private windows have only a message. */
function isDenied(error: unknown): boolean {
	return (
		/^(Security|NotAllowed)Error$/.test(String(Object(error).name)) ||
		/denied permission|did not allow mutations/.test(String(Object(error).message))
	);
}
