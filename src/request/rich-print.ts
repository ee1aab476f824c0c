import type {MaybePromise} from '../maybe-promise.ts';
import type {FormEntries} from './multipart.ts';

/** A Blob of at most this many bytes counts by all of them. */
const WHOLE = 1024 * 1024;
/** Of a larger one this many bytes are read at each end. */
const END = 64 * 1024;

type Hash = (data: string | Uint8Array<ArrayBuffer>) => MaybePromise<string>;

/** The hash, in hex, of a form or a Blob behind the same head. It is given, so that this imports nothing and stays a chunk of its own. */
export async function printOf(head: string, content: FormEntries | Blob, hash: Hash): Promise<string> {
	return 'size' in content ? blobPrint(head, content, hash) : formPrint(head, content, hash);
}

async function blobPrint(head: string, blob: Blob, hash: Hash): Promise<string> {
	if (blob.size <= WHOLE) return hash(await bytesOf(new Blob([head, blob])));
	// No method has a space, so this is not the head of any bytes.
	return hash(`ends of ${head}${JSON.stringify(await describe(blob, hash))}`);
}

async function formPrint(head: string, entries: FormEntries, hash: Hash): Promise<string> {
	// JSON, so that no name can pass for the beginning of its value.
	const parts = await Promise.all(
		entries.map(async ([name, value]) =>
			typeof value === 'string' ? [name, value] : [name, value.name, value.type, ...(await describe(value, hash))],
		),
	);
	return hash(`parts of ${head}${JSON.stringify(parts)}`);
}

/** One hash of a small Blob; of a large one what is cheap to know. */
async function describe(blob: Blob, hash: Hash): Promise<unknown[]> {
	if (blob.size <= WHOLE) return [await hash(await bytesOf(blob))];
	const file = blob instanceof File ? [blob.name, blob.lastModified] : [];
	const ends = [blob.slice(0, END), blob.slice(-END)];
	const hashes = await Promise.all(ends.map(async end => hash(await bytesOf(end))));
	return [blob.type, blob.size, ...file, ...hashes];
}

async function bytesOf(blob: Blob): Promise<Uint8Array<ArrayBuffer>> {
	return new Uint8Array(await blob.arrayBuffer());
}
