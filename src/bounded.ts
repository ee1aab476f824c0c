import type {Environment} from './environment.ts';

/** The promise, or an Error after `ms` milliseconds. */
export function bounded<T>({timer}: Pick<Environment, 'timer'>, promise: Promise<T>, ms: number): Promise<T> {
	return new Promise<T>((resolve, reject) => {
		const cancel = timer(() => {
			reject(new Error(`no answer within ${Math.round(ms)} ms`));
		}, ms);
		promise.then(
			value => {
				cancel();
				resolve(value);
			},
			(error: unknown) => {
				cancel();
				reject(error);
			},
		);
	});
}
