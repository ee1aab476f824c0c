import type {MaybePromise} from '../maybe-promise.ts';
import type {FrozenBody} from './body.ts';
import {boundaryOf, encodeMultipart, type FormEntries} from './multipart.ts';

/** What is handed to fetch at every attempt, and the content type that goes with it. */
export type EncodedBody = {readonly body: BodyInit | undefined; readonly contentType?: string};

/**
 * The same bytes whenever it is asked. `fingerprint` is called for forms only, whose boundary is made from it: it
 * must be in hex, and the same after a reload. The content type of a form always wins over the caller's own.
 */
export function encodeBody(body: FrozenBody, fingerprint: () => MaybePromise<string>): MaybePromise<EncodedBody> {
	if (body.kind === 'none') return {body: undefined};
	if (body.kind === 'text') return withType(body.text, body.type);
	if (body.kind === 'bytes') return withType(body.bytes, body.type);
	if (body.kind === 'blob') return withType(body.blob, body.type);
	const hex = fingerprint();
	return typeof hex === 'string' ? encodeForm(body.entries, hex) : hex.then(it => encodeForm(body.entries, it));
}

function encodeForm(entries: FormEntries, fingerprint: string): EncodedBody {
	const boundary = boundaryOf(fingerprint);
	return {body: encodeMultipart(entries, boundary), contentType: `multipart/form-data; boundary=${boundary}`};
}

function withType(body: BodyInit, contentType: string | undefined): EncodedBody {
	return contentType === undefined ? {body} : {body, contentType};
}
