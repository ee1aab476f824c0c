import {sha256} from '#platform';
import type {MaybePromise} from '../maybe-promise.ts';
import type {FrozenBody} from './body.ts';
import type {FormEntries} from './multipart.ts';

/** A Blob of at most this many bytes counts by all of them. */
const WHOLE = 1024 * 1024;
/** Of a larger one this many bytes are read at each end. */
const END = 64 * 1024;

/** What makes a request *this* request. `url` is absolute; `contentType` is the header, if the caller has set one. */
export type RequestFacts = {
	readonly method: string;
	readonly url: string;
	readonly contentType?: string | undefined;
	readonly body: FrozenBody;
};

/**
 * SHA-256 in hex over method, URL without fragment, content type and body. In Node synchronous for text and bytes.
 * A form counts by its parts in their order, without a boundary; a Blob over 1 MiB by its type, size, name,
 * lastModified and its first and last 64 KiB.
 */
export function fingerprint({method, url, contentType, body}: RequestFacts): MaybePromise<string> {
	const [address] = url.split('#', 1);
	const head = `${method.toUpperCase()}\n${address}\n${typeOf(contentType, body)}\n`;
	if (body.kind === 'form') return formPrint(head, body.entries);
	if (body.kind === 'blob') return blobPrint(head, body.blob);
	if (body.kind === 'bytes') return sha256(join(head, body.bytes));
	return sha256(body.kind === 'text' ? head + body.text : head);
}

function typeOf(contentType: string | undefined, body: FrozenBody): string {
	if (body.kind === 'form') return 'multipart/form-data';
	const type = (contentType ?? (body.kind === 'none' ? undefined : body.type) ?? '').trim().toLowerCase();
	// The only parameter of a multipart type that is always there is the boundary, which is new every time.
	return type.startsWith('multipart/') ? type.replace(/;.*/, '') : type;
}

async function blobPrint(head: string, blob: Blob): Promise<string> {
	if (blob.size <= WHOLE) return sha256(join(head, await bytesOf(blob)));
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

function join(head: string, body: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
	const prefix = new TextEncoder().encode(head);
	const bytes = new Uint8Array(prefix.byteLength + body.byteLength);
	bytes.set(prefix);
	bytes.set(body, prefix.byteLength);
	return bytes;
}
