import {abortReason} from '../signals.ts';
import {ifReadable} from '../utils.ts';

/** Takes the listener off its signal when nobody can read the response any more. Workers may have no such registry. */
const ends = /* @__PURE__ */ ifReadable(
	() =>
		new FinalizationRegistry<() => void>(end => {
			end();
		}),
);

/**
 * Aborts what is left of a response that was passed on unread. One signal may outlive thousands of them: nothing that it
 * holds may lead to the response, and `abort` is no closure of a place that knows it.
 */
export function abortWith(signal: AbortSignal, response: Response, abort: (reason: unknown) => void): void {
	const listener = () => {
		abort(abortReason(signal));
	};
	signal.addEventListener('abort', listener, {once: true});
	ends?.register(response, () => {
		signal.removeEventListener('abort', listener);
	});
}
