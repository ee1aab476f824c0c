import {sha256} from '#platform';
import {concat} from '../concat.ts';
import {readBlob, type Bytes, type FrozenBlob} from './blob.ts';
import type {FormEntries} from './form.ts';

/** A Blob of at most this many bytes counts by all of them. */
const WHOLE = 1024 * 1024;
/** Of a larger one this many bytes are read at each end. */
const END = 64 * 1024;

/** The hash, in hex, of a Blob behind a head. */
export async function printOfBlob(head: string, blob: Blob): Promise<string> {
	if (blob.size <= WHOLE) return sha256(concat([new TextEncoder().encode(head), await readBlob(blob)]));
	const {name, lastModified} = blob as Blob & Partial<File>;
	const file = name === undefined ? [] : [name, lastModified];
	// No method has a space, so this is not the head of any bytes.
	return sha256(`ends of ${head}${JSON.stringify(await describe(blob, blob.type, file))}`);
}

export async function printOfForm(head: string, entries: FormEntries): Promise<string> {
	// JSON, so that no name can pass for the beginning of its value.
	const parts = await Promise.all(
		entries.map(async ([name, value]) => {
			if (typeof value === 'string') return [name, value];
			const {name: filename, type, lastModified, content} = value;
			return [name, filename, type, ...(await describe(content, type, [filename, lastModified]))];
		}),
	);
	return sha256(`parts of ${head}${JSON.stringify(parts)}`);
}

/** One hash of a small Blob; of a large one what is cheap to know. */
async function describe(content: FrozenBlob, type: string, file: readonly unknown[]): Promise<unknown[]> {
	const size = 'size' in content ? content.size : content.byteLength;
	if (size <= WHOLE) return [await sha256(await read(content))];
	// React Native's `slice` takes no negative offset.
	const ends = [content.slice(0, END), content.slice(size - END, size)];
	const hashes = await Promise.all(ends.map(async end => sha256(await read(end))));
	return [type, size, ...file, ...hashes];
}

async function read(content: FrozenBlob): Promise<Bytes> {
	return content instanceof Uint8Array ? content : readBlob(content);
}
