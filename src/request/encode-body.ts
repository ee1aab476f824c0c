import {after, type MaybePromise} from '../maybe-promise.ts';
import {isForm, type FrozenBody, type PlainBody} from './body.ts';
import {boundaryOf, encodeMultipart} from './multipart.ts';

/** What is handed to fetch at every attempt, and the content type that goes with it. */
export type EncodedBody = PlainBody;

/**
 * The same bytes whenever it is asked. `seed` is called for forms only, whose boundary is made from it: it must be in
 * hex, and the same after a reload.
 */
export function encodeBody(body: FrozenBody, seed: () => MaybePromise<string>): MaybePromise<EncodedBody> {
	if (!isForm(body)) return body;
	return after(seed(), it => {
		const boundary = boundaryOf(it);
		return {content: encodeMultipart(body.content, boundary), type: `multipart/form-data; boundary=${boundary}`};
	});
}
