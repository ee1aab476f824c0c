/** A DOMException; where a runtime has none, as React Native, an error of the same name. */
export function domError(message: string, name: 'AbortError' | 'TimeoutError'): Error {
	try {
		return new DOMException(message, name);
	} catch {
		return Object.assign(new Error(message), {name});
	}
}

/** A polyfill's signal may give none. */
export function abortReason({reason}: AbortSignal): unknown {
	return reason === undefined ? domError('The call was aborted', 'AbortError') : reason;
}

/** What signals do by themselves, where they are not a polyfill's. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
	if (signal?.aborted) throw abortReason(signal);
}
