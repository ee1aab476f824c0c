import {vi} from 'vitest';

/** Resolves once this throws no more. It is for a machine that may be busy: `vi.waitFor` alone gives it a second. */
export async function eventually<T>(isSo: () => T | Promise<T>): Promise<T> {
	return vi.waitFor(isSo, {timeout: 30_000, interval: 10});
}
