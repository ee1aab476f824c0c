import {afterEach, describe, expect, test, vi} from 'vitest';
import {indexedDbStore} from '../../src/stores/indexeddb.ts';
import {isStoreUnavailable} from '../../src/stores/store-failure.ts';
import {claimOf, ID} from './claim-of.ts';
import {freshName, openPlain} from './database.ts';

afterEach(() => {
	vi.restoreAllMocks();
	vi.unstubAllGlobals();
});

describe('the connection', () => {
	test('is not opened before the first use', async () => {
		const open = vi.spyOn(IDBFactory.prototype, 'open');
		const store = indexedDbStore({name: freshName()});
		expect(open).not.toHaveBeenCalled();
		await Promise.all([store.list(''), store.list('')]);
		expect(open).toHaveBeenCalledTimes(1);
	});

	test('is the database `latchkey` unless told otherwise', async () => {
		const open = vi.spyOn(IDBFactory.prototype, 'open');
		await indexedDbStore().list('');
		expect(open).toHaveBeenCalledWith('latchkey', 1);
	});

	test('is opened again when the browser has closed it without a word', async () => {
		const transaction = vi.spyOn(IDBDatabase.prototype, 'transaction');
		const store = indexedDbStore({name: freshName()});
		await store.claim(ID, claimOf());
		(transaction.mock.contexts[0] as IDBDatabase).close();
		expect(await store.claim(ID, claimOf())).toMatchObject({status: 'claimed', record: {token: 1}});
		expect(await store.list(ID.scope)).toHaveLength(1);
	});

	test('is opened again when the browser says that it closed it', async () => {
		const [open, transaction] = [
			vi.spyOn(IDBFactory.prototype, 'open'),
			vi.spyOn(IDBDatabase.prototype, 'transaction'),
		];
		const store = indexedDbStore({name: freshName()});
		await store.claim(ID, claimOf());
		(transaction.mock.contexts[0] as IDBDatabase).dispatchEvent(new Event('close'));
		await store.list('');
		expect(open).toHaveBeenCalledTimes(2);
	});

	test('is opened again when Safari has lost its server within a transaction', async () => {
		const store = indexedDbStore({name: freshName()});
		await store.claim(ID, claimOf());
		vi.spyOn(IDBObjectStore.prototype, 'get').mockImplementationOnce(() => {
			throw new DOMException('Connection to Indexed Database server lost. Refresh the page', 'UnknownError');
		});
		expect(await store.claim(ID, claimOf())).toMatchObject({status: 'claimed', record: {token: 1}});
	});

	test('is opened again only once', async () => {
		const store = indexedDbStore({name: freshName()});
		vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(() => {
			throw new DOMException('The database connection is closing.', 'InvalidStateError');
		});
		const open = vi.spyOn(IDBFactory.prototype, 'open');
		await expect(store.claim(ID, claimOf())).rejects.toMatchObject({name: 'InvalidStateError'});
		expect(open).toHaveBeenCalledTimes(2);
	});

	test('gives way to another tab that upgrades the database; what comes after is a VersionError', async () => {
		const name = freshName();
		const store = indexedDbStore({name});
		await store.claim(ID, claimOf());
		const upgraded = await openPlain(name, 2);
		const failure = await Promise.resolve(store.list(ID.scope)).catch((error: unknown) => error);
		expect(failure).toMatchObject({name: 'VersionError'});
		expect(isStoreUnavailable(failure)).toBe(false);
		upgraded.close();
	});

	test('gives way when the database is deleted, and begins with an empty one', async () => {
		const name = freshName();
		const store = indexedDbStore({name});
		await store.claim(ID, claimOf());
		await new Promise((resolve, reject) => {
			const request = indexedDB.deleteDatabase(name);
			request.addEventListener('success', resolve);
			request.addEventListener('blocked', reject);
		});
		expect(await store.list(ID.scope)).toEqual([]);
	});

	test('can be closed before it was ever open, and used after it was closed', async () => {
		const store = indexedDbStore({name: freshName()});
		const open = vi.spyOn(IDBFactory.prototype, 'open');
		await store.close?.();
		expect(open).not.toHaveBeenCalled();
		await store.claim(ID, claimOf());
		await store.close?.();
		expect(await store.list(ID.scope)).toHaveLength(1);
	});
});

describe('a realm without IndexedDB', () => {
	const claimed = async () => {
		try {
			return await indexedDbStore({name: freshName()}).claim(ID, claimOf());
		} catch (error) {
			return error;
		}
	};

	test.each([undefined, null])('has %s in its place: the store is unavailable', async nothing => {
		vi.stubGlobal('indexedDB', nothing);
		expect(await claimed()).toSatisfy(isStoreUnavailable);
	});

	test('throws a SecurityError: the store is unavailable, and says why', async () => {
		const denied = new DOMException('denied', 'SecurityError');
		vi.spyOn(IDBFactory.prototype, 'open').mockImplementation(() => {
			throw denied;
		});
		const failure = await claimed();
		expect(failure).toSatisfy(isStoreUnavailable);
		expect(failure).toHaveProperty('cause', denied);
	});

	test.each([
		['UnknownError', 'The user denied permission to access the database.', true],
		['InvalidStateError', 'A mutation operation was attempted on a database that did not allow mutations.', true],
		['UnknownError', 'Internal error opening backing store for indexedDB.open.', false],
		['QuotaExceededError', 'Encountered full disk while opening backing store for indexedDB.open.', false],
	])('fails to open with %s: %s', async (name, message, unavailable) => {
		vi.spyOn(IDBFactory.prototype, 'open').mockImplementation(() => {
			throw new DOMException(message, name);
		});
		const failure = await claimed();
		expect(isStoreUnavailable(failure)).toBe(unavailable);
		expect(unavailable ? (failure as Error).cause : failure).toMatchObject({name, message});
	});

	test('does not become one later: to be denied what was open before is another failure', async () => {
		const store = indexedDbStore({name: freshName()});
		await store.claim(ID, claimOf());
		await store.close?.();
		vi.spyOn(IDBFactory.prototype, 'open').mockImplementation(() => {
			throw new DOMException('denied', 'SecurityError');
		});
		await expect(store.claim(ID, claimOf())).rejects.toMatchObject({name: 'SecurityError'});
	});

	test('may have it later: a failure to open is not kept', async () => {
		const store = indexedDbStore({name: freshName()});
		vi.spyOn(IDBFactory.prototype, 'open').mockImplementationOnce(() => {
			throw new DOMException('denied', 'SecurityError');
		});
		await expect(store.claim(ID, claimOf())).rejects.toSatisfy(isStoreUnavailable);
		expect(await store.claim(ID, claimOf())).toMatchObject({status: 'claimed'});
	});
});
