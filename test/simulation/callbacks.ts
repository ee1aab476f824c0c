import {ietf} from '../../src/dialects/ietf.ts';
import type {FetchOptions} from '../../src/options.ts';
import {never, type Life} from './life.ts';
import type {CallbackFate, CallbackName, Plan} from './plan.ts';
import type {World} from './world.ts';

/** What a callback of the application's fails with. */
export class CallbackError extends Error {}

/** The application's callbacks in one life, as far as the plan lets them go wrong. */
export function createCallbacks(world: World, life: Life, {callbacks}: Plan, nextFate: () => CallbackFate) {
	let failedAt = Number.NEGATIVE_INFINITY;
	let isOpen = false;

	/** Its answer where all is well; otherwise it throws, or gives a promise that rejects or never ends. */
	function go<T>(name: CallbackName, answer: () => T): T {
		if (!isOpen || !callbacks.includes(name)) return answer();
		const fate = nextFate();
		world.count(`${name} ${fate}`);
		if (fate === 'answers') return answer();
		world.note(life.name, `its ${name} ${fate}`);
		failedAt = world.now();
		const failure = new CallbackError(`its ${name} failed`);
		if (fate === 'throws') throw failure;
		return (fate === 'hangs' ? never() : Promise.reject(failure)) as T;
	}

	/** The same options, whose callbacks may go wrong. Those that are always right change nothing. */
	function around(options: FetchOptions): FetchOptions {
		const {scope, keyFrom, reconcile, pending, dialect = ietf()} = options;
		const has = (name: CallbackName) => callbacks.includes(name);
		return {
			...options,
			...(has('scope') && typeof scope === 'function' && {scope: () => go('scope', scope)}),
			...(has('keyFrom') && keyFrom && {keyFrom: input => go('keyFrom', () => keyFrom(input))}),
			...(has('reconcile') && reconcile && {reconcile: of => go('reconcile', () => reconcile(of))}),
			...(has('pending') && pending && {pending: response => go('pending', () => pending(response))}),
			...(has('judge') && {judge: () => go('judge', () => undefined)}),
			...(has('attemptHeaders') && {attemptHeaders: () => go('attemptHeaders', () => ({'x-token': 'fresh'}))}),
			...(has('reauthorize') && {reauthorize: () => go('reauthorize', () => false)}),
			...(has('fingerprint') && {fingerprint: request => go('fingerprint', () => request.text())}),
			...(has('delay') && {retry: {delay: () => go('delay', () => 100)}}),
			...(has('formatKey') && {dialect: {...dialect, formatKey: (key: string) => go('formatKey', () => key)}}),
		};
	}

	return {
		/** The client is made: what it asks before that it throws at once. */
		open(): void {
			isOpen = true;
		},
		go,
		around,
		has: (name: CallbackName) => callbacks.includes(name),
		/** When one last went wrong. */
		failedAt: () => failedAt,
	};
}

export type Callbacks = ReturnType<typeof createCallbacks>;
