import {sha256} from '#platform';
import {concat} from '../bytes.ts';
import type {MaybePromise} from '../utils.ts';
import {readBlob, type Bytes, type FrozenBlob} from './blob.ts';
import {isForm, type FrozenBody} from './body.ts';
import type {FormEntries} from './form.ts';

/** What makes a request *this* request. `url` is absolute; `contentType` is the header, if the caller has set one. */
export type RequestFacts = {
	readonly method: string;
	readonly url: string;
	readonly contentType?: string | undefined;
	/** The other headers that count, by their names in lower case and in order. */
	readonly headers?: ReadonlyArray<readonly [name: string, value: string]>;
	readonly body: FrozenBody;
};

/**
 * SHA-256 in hex over method, URL without fragment, content type, the headers that count, and body. In Node synchronous for text and bytes.
 * A form counts by its parts in their order, without a boundary; a Blob over 1 MiB by its type, size, name,
 * lastModified and its first and last 64 KiB.
 */
export function fingerprint({method, url, contentType, headers, body}: RequestFacts): MaybePromise<string> {
	const multipart = isForm(body);
	const type = multipart ? 'multipart/form-data' : plain(contentType ?? body.type ?? '');
	const head = `${printOfHeaders(headers)}${method.toUpperCase()}\n${url.replace(/#.*/, '')}\n${type}\n`;
	if (multipart) return printOfForm(head, body.content);
	const {content} = body;
	if (content instanceof Uint8Array) return printOfBytes(head, content);
	return typeof content === 'object' && content !== null ? printOfBlob(head, content) : sha256(head + (content ?? ''));
}

function printOfBytes(head: string, bytes: Uint8Array): MaybePromise<string> {
	return sha256(concat([new TextEncoder().encode(head), bytes]));
}

/** What goes before everything else. JSON has no line break and no method has a space, so it is nothing else's beginning. */
export function printOfHeaders(headers: RequestFacts['headers']): string {
	return headers?.length ? `headers ${JSON.stringify(headers)} ` : '';
}

/** The only parameter of a multipart type that is always there is the boundary, which is new every time. */
function plain(contentType: string): string {
	const type = contentType.trim().toLowerCase();
	return type.startsWith('multipart/') ? type.replace(/;.*/, '') : type;
}

/** A Blob of at most this many bytes counts by all of them. */
const WHOLE = 1024 * 1024;
/** Of a larger one this many bytes are read at each end. */
const END = 64 * 1024;

/** The hash, in hex, of a Blob behind a head. */
export async function printOfBlob(head: string, blob: Blob): Promise<string> {
	if (blob.size <= WHOLE) return printOfBytes(head, await readBlob(blob));
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
