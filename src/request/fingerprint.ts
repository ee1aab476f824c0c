import {sha256} from '#platform';
import type {MaybePromise} from '../maybe-promise.ts';
import type {BlobBody, FormBody, FrozenBody} from './body.ts';

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
	if (body.kind === 'form' || body.kind === 'blob') return printOfParts(head, body);
	if (body.kind === 'bytes') return sha256(join(head, body.bytes));
	return sha256(body.kind === 'text' ? head + body.text : head);
}

/** Forms and files are loaded when there is one. */
async function printOfParts(head: string, body: FormBody | BlobBody): Promise<string> {
	const {blobPrint, formPrint} = await import('./rich-print.ts');
	return body.kind === 'form' ? formPrint(head, body.entries) : blobPrint(head, body.blob);
}

function typeOf(contentType: string | undefined, body: FrozenBody): string {
	if (body.kind === 'form') return 'multipart/form-data';
	const type = (contentType ?? (body.kind === 'none' ? undefined : body.type) ?? '').trim().toLowerCase();
	// The only parameter of a multipart type that is always there is the boundary, which is new every time.
	return type.startsWith('multipart/') ? type.replace(/;.*/, '') : type;
}

/** The same head before bytes. */
export function join(head: string, body: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
	const prefix = new TextEncoder().encode(head);
	const bytes = new Uint8Array(prefix.byteLength + body.byteLength);
	bytes.set(prefix);
	bytes.set(body, prefix.byteLength);
	return bytes;
}
