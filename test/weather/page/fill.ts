import {done} from '../../stores/database.ts';

/** Writes until the browser takes no more: what is written after this finds the storage full. */
export async function fill(): Promise<void> {
	const opening = indexedDB.open('filler');
	opening.addEventListener('upgradeneeded', () => opening.result.createObjectStore('filler', {autoIncrement: true}));
	const database = await done(opening);
	const fits = async (size: number) =>
		new Promise<boolean>(resolve => {
			const transaction = database.transaction('filler', 'readwrite');
			transaction.objectStore('filler').add(new Uint8Array(size));
			transaction.addEventListener('complete', () => resolve(true));
			transaction.addEventListener('abort', () => resolve(false));
		});
	for (const size of [10_000, 1_000, 100, 10]) while (await fits(size));
}
