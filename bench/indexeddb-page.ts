import type {OperationRecord} from 'latchkey';
import {indexedDbStore} from 'latchkey/stores/indexeddb';
import type {Figure} from './measure.ts';
import {median} from './median.ts';

const DAY = 86_400_000;

/**
 * Runs in the page. Each round writes twice in three ways: blindly; after a read in the same transaction, as an atomic
 * step must; and as a claim and a settle. The time is what passes.
 */
export async function figures(rounds: number): Promise<Figure[]> {
	const store = indexedDbStore({name: 'bench-store'});
	const database = await openRaw();
	const record = await claimAndSettle(store, 'warm-up');
	const ways = [
		{name: 'two raw strict writes', write: async (name: string) => twice(async () => put(database, {...record, name}))},
		{
			name: 'each after a read',
			write: async (name: string) => twice(async () => getAndPut(database, {...record, name})),
		},
		{name: 'claim and settle', write: async (name: string) => claimAndSettle(store, name)},
	];

	const times = ways.map((): number[] => []);
	for (let round = -5; round < rounds; round++) {
		for (const [i, {write}] of ways.entries()) {
			// None is to pay for what the one before it left to do, such as to close a channel.
			await new Promise(resolve => {
				setTimeout(resolve, 5);
			});
			const begin = performance.now();
			await write(`order-${round}`);
			// The first rounds only warm up.
			if (round >= 0) times[i]?.push(performance.now() - begin);
		}
	}

	const [base = []] = times;
	return ways.map(({name}, i) => figure(name, times[i] ?? [], base));
}

function figure(name: string, own: readonly number[], base: readonly number[]): Figure {
	return {
		name,
		micros: median(own) * 1000,
		ratio: median(own.map((taken, round) => taken / (base[round] ?? NaN))),
	};
}

/** The two steps of a named call that goes well. Returns what was written. */
async function claimAndSettle(store: ReturnType<typeof indexedDbStore>, name: string): Promise<OperationRecord> {
	const id = {scope: '', name};
	const claimed = await store.claim(id, {
		key: crypto.randomUUID(),
		fingerprint: 'f'.repeat(64),
		owner: 'bench',
		lease: 60_000,
		keyLife: DAY,
		onLapsed: 'take',
	});
	if (claimed.status !== 'claimed') throw new Error(`The claim was answered ${claimed.status}`);
	const {key, owner, token} = claimed.record;
	const state = {status: 'succeeded', httpStatus: 201} as const;
	await store.settle(id, {key, owner, token, state, fenced: false, keepAnswer: false});
	return claimed.record;
}

async function openRaw(): Promise<IDBDatabase> {
	return new Promise((resolve, reject) => {
		const request = indexedDB.open('bench-raw', 1);
		request.addEventListener('upgradeneeded', () => {
			request.result.createObjectStore('records', {keyPath: ['scope', 'name']});
		});
		request.addEventListener('success', () => {
			resolve(request.result);
		});
		request.addEventListener('error', () => {
			reject(request.error ?? new Error('IndexedDB did not open'));
		});
	});
}

async function twice(write: () => Promise<void>): Promise<void> {
	await write();
	await write();
}

async function put(database: IDBDatabase, record: OperationRecord): Promise<void> {
	return transact(database, records => records.put(record));
}

async function getAndPut(database: IDBDatabase, record: OperationRecord): Promise<void> {
	return transact(database, records => {
		records.get([record.scope, record.name]).addEventListener('success', () => {
			records.put(record);
		});
	});
}

async function transact(database: IDBDatabase, run: (records: IDBObjectStore) => unknown): Promise<void> {
	return new Promise((resolve, reject) => {
		const transaction = database.transaction('records', 'readwrite', {durability: 'strict'});
		transaction.addEventListener('complete', () => {
			resolve();
		});
		transaction.addEventListener('abort', () => {
			reject(transaction.error ?? new Error('The write was aborted'));
		});
		run(transaction.objectStore('records'));
	});
}
