import {ifReadable} from '../utils.ts';

/** Takes the listener off its signal when nobody can read the response any more. Workers may have no such registry. */
const ends = /* @__PURE__ */ ifReadable(
	() =>
		new FinalizationRegistry<() => void>(end => {
			end();
		}),
);

/** Aborts what is left of a response that was passed on unread. One signal may outlive thousands of them. */
export function abortWith(signal: AbortSignal, response: Response, abort: () => void): void {
	signal.addEventListener('abort', abort, {once: true});
	ends?.register(response, () => {
		signal.removeEventListener('abort', abort);
	});
}
