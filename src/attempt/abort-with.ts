import {ifReadable} from '../readable.ts';

/** Takes the listener off its signal when nobody can read the response any more. Hermes and older workerd have no such thing. */
const ends = /* @__PURE__ */ ifReadable(
	() =>
		new FinalizationRegistry<() => void>(end => {
			end();
		}),
);

/** Aborts what is left of a response that was passed on unread. One signal may outlive thousands of them. */
export function abortWith(signal: AbortSignal, response: Response, abort: () => void): void {
	const weak = ends && new WeakRef(response);
	const listen = () => {
		if (!weak || weak.deref()) abort();
	};
	signal.addEventListener('abort', listen, {once: true});
	ends?.register(response, () => {
		signal.removeEventListener('abort', listen);
	});
}
