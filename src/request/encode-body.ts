import type {MaybePromise} from '../maybe-promise.ts';
import type {FrozenBody} from './body.ts';
import type {FormEntries} from './multipart.ts';

/** What is handed to fetch at every attempt, and the content type that goes with it. */
export type EncodedBody = {readonly body: BodyInit | undefined; readonly contentType?: string};

/**
 * The same bytes whenever it is asked. `seed` is called for forms only, whose boundary is made from it: it must be in
 * hex, and the same after a reload.
 */
export function encodeBody(body: FrozenBody, seed: () => MaybePromise<string>): MaybePromise<EncodedBody> {
	if (body.kind === 'none') return {body: undefined};
	if (body.kind === 'text') return withType(body.text, body.type);
	if (body.kind === 'bytes') return withType(body.bytes, body.type);
	return body.kind === 'blob' ? withType(body.blob, body.type) : encodeForm(body.entries, seed);
}

/** Loaded when there is a form. */
async function encodeForm(entries: FormEntries, seed: () => MaybePromise<string>): Promise<EncodedBody> {
	const {boundaryOf, encodeMultipart} = await import('./multipart.ts');
	const boundary = boundaryOf(await seed());
	return {body: encodeMultipart(entries, boundary), contentType: `multipart/form-data; boundary=${boundary}`};
}

function withType(body: BodyInit, contentType: string | undefined): EncodedBody {
	return contentType === undefined ? {body} : {body, contentType};
}
