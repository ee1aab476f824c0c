import {sha256} from '#platform';
import {concat} from '../concat.ts';
import type {MaybePromise} from '../maybe-promise.ts';
import {isForm, type FrozenBody} from './body.ts';
import {printOfBlob, printOfForm} from './rich-print.ts';

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
	const type = isForm(body) ? 'multipart/form-data' : plain(contentType ?? body.type ?? '');
	const head = `${printOfHeaders(headers)}${method.toUpperCase()}\n${url.replace(/#.*/, '')}\n${type}\n`;
	if (isForm(body)) return printOfForm(head, body.content);
	const {content} = body;
	if (typeof content === 'string') return sha256(head + content);
	if (content === null) return sha256(head);
	if (!(content instanceof Uint8Array)) return printOfBlob(head, content);
	return sha256(concat([new TextEncoder().encode(head), content]));
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
