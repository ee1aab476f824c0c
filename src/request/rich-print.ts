import {sha256} from '#platform';
import {after} from './fingerprint.ts';
import type {FormEntries} from './multipart.ts';

/** A Blob of at most this many bytes counts by all of them. */
const WHOLE = 1024 * 1024;
/** Of a larger one this many bytes are read at each end. */
const END = 64 * 1024;

/** SHA-256 in hex of a form or a Blob behind the same head. */
export async function printOf(head: string, content: FormEntries | Blob): Promise<string> {
	return 'size' in content ? blobPrint(head, content) : formPrint(head, content);
}

async function blobPrint(head: string, blob: Blob): Promise<string> {
	if (blob.size <= WHOLE) return sha256(after(head, await bytesOf(blob)));
	// No method has a space, so this is not the head of any bytes.
	return sha256(`ends of ${head}${JSON.stringify(await describe(blob))}`);
}

async function formPrint(head: string, entries: FormEntries): Promise<string> {
	// JSON, so that no name can pass for the beginning of its value.
	const parts = await Promise.all(
		entries.map(async ([name, value]) =>
			typeof value === 'string' ? [name, value] : [name, value.name, value.type, ...(await describe(value))],
		),
	);
	return sha256(`parts of ${head}${JSON.stringify(parts)}`);
}

/** One hash of a small Blob; of a large one what is cheap to know. */
async function describe(blob: Blob): Promise<unknown[]> {
	if (blob.size <= WHOLE) return [await sha256(await bytesOf(blob))];
	const file = blob instanceof File ? [blob.name, blob.lastModified] : [];
	const ends = [blob.slice(0, END), blob.slice(-END)];
	const hashes = await Promise.all(ends.map(async end => sha256(await bytesOf(end))));
	return [blob.type, blob.size, ...file, ...hashes];
}

async function bytesOf(blob: Blob): Promise<Uint8Array<ArrayBuffer>> {
	return new Uint8Array(await blob.arrayBuffer());
}
