import type {MaybePromise} from '../maybe-promise.ts';
import {isForm, type FrozenBody, type PlainBody} from './body.ts';
import type {FormEntries} from './multipart.ts';

/** What is handed to fetch at every attempt, and the content type that goes with it. */
export type EncodedBody = PlainBody;

/**
 * The same bytes whenever it is asked. `seed` is called for forms only, whose boundary is made from it: it must be in
 * hex, and the same after a reload.
 */
export function encodeBody(body: FrozenBody, seed: () => MaybePromise<string>): MaybePromise<EncodedBody> {
	return isForm(body) ? encodeForm(body.content, seed) : body;
}

/** Loaded when there is a form. */
async function encodeForm(entries: FormEntries, seed: () => MaybePromise<string>): Promise<EncodedBody> {
	const {boundaryOf, encodeMultipart} = await import('./multipart.ts');
	const boundary = boundaryOf(await seed());
	return {content: encodeMultipart(entries, boundary), type: `multipart/form-data; boundary=${boundary}`};
}
