import type {OperationRecord} from 'latchkey';
import {indexedDbStore} from 'latchkey/stores/indexeddb';
import {median, type Figure} from './measure.ts';

const DAY = 86_400_000;

/** Runs in the page. Each round is two raw writes, then a claim and a settle; the time is what passes. */
export async function figures(rounds: number): Promise<Figure[]> {
	const store = indexedDbStore({name: 'bench-store'});
	const database = await openRaw();
	const raw: number[] = [];
	const own: number[] = [];
	let written = await claimAndSettle(store, 'warm-up');

	for (let round = -5; round < rounds; round++) {
		const name = `order-${round}`;
		const begin = performance.now();
		await putStrictly(database, {...written, name});
		await putStrictly(database, {...written, name});
		const middle = performance.now();
		written = await claimAndSettle(store, name);
		const end = performance.now();
		// The first rounds only warm up.
		if (round < 0) continue;
		raw.push(middle - begin);
		own.push(end - middle);
	}

	return [figure('two raw strict writes', raw, raw), figure('claim and settle', own, raw)];
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
		request.onupgradeneeded = () => {
			request.result.createObjectStore('records', {keyPath: ['scope', 'name']});
		};
		request.onsuccess = () => {
			resolve(request.result);
		};
		request.onerror = () => {
			reject(request.error ?? new Error('IndexedDB did not open'));
		};
	});
}

async function putStrictly(database: IDBDatabase, record: OperationRecord): Promise<void> {
	return new Promise((resolve, reject) => {
		const transaction = database.transaction('records', 'readwrite', {durability: 'strict'});
		transaction.objectStore('records').put(record);
		transaction.oncomplete = () => {
			resolve();
		};
		transaction.onabort = () => {
			reject(transaction.error ?? new Error('The write was aborted'));
		};
	});
}
