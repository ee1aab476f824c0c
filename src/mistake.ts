/** The same for all copies of the package. */
const brand: unique symbol = /* @__PURE__ */ Symbol.for('latchkey.mistake');

type Problem = new (message: string, options?: ErrorOptions) => Error;

/**
 * A mistake in how latchkey is called, found before anything of the call was sent. It is for whoever writes the program, and
 * nothing to tell a customer: `outcomeOf` throws these, and only these.
 */
export function mistake(what: string, Problem: Problem = TypeError, options?: ErrorOptions): Error {
	return Object.defineProperty(new Problem(`latchkey: ${what}`, options), brand, {value: true, configurable: true});
}

export function isMistake(error: unknown): boolean {
	return typeof error === 'object' && error !== null && brand in error;
}

/** Found too late to be thrown: what was sent may have taken effect, whatever the mistake. */
export function unmarked(error: unknown): unknown {
	if (isMistake(error)) Reflect.deleteProperty(error as Error, brand);
	return error;
}

/** What the platform refuses to build out of a call, which fetch would refuse too, is such a mistake in its words. */
export function buildable<T>(build: () => T): T {
	try {
		return build();
	} catch (cause) {
		throw cause instanceof TypeError ? mistake(cause.message, TypeError, {cause}) : cause;
	}
}
