import type {Environment} from './environment.ts';

/** The promise, or an Error after `ms` milliseconds. */
export function bounded<T>(environment: Environment, promise: Promise<T>, ms: number): Promise<T> {
	return new Promise<T>((resolve, reject) => {
		const cancel = environment.timer(() => {
			reject(new Error(`no answer within ${Math.round(ms)} ms`));
		}, ms);
		promise.then(resolve, reject).finally(cancel);
	});
}
