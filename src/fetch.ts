import {defaultStore} from '#platform';
import type {sendUnkeyed} from './attempt/unkeyed.ts';
import {latchkey, type Context, type WithOperations} from './context.ts';
import {environment as realEnvironment, type Environment} from './environment.ts';
import {takePart, type Caller} from './operation/caller.ts';
import {joinNamed, joinUnnamed} from './operation/join.ts';
import {operationAt, operationsOf} from './operation/operations.ts';
import type {Slot} from './operation/flight.ts';
import type {FetchInput} from './fetch-types.ts';
import {settingsOf, withCall, without} from './normalize-options.ts';
import {callOptionNames, checkCall} from './option-names.ts';
import type {CallOptions, FetchOptions} from './options.ts';
import {currentScope, sameScopeAs} from './request/scope.ts';
import {intentOf} from './request/intent.ts';
import {signalOf, withHeadersRead} from './request/input.ts';
import {prepareRequest} from './request/prepared-request.ts';

/** `fetch`, with operations: `operationOf`, `unfinished` and `forgetAll` take it. */
export type LatchkeyFetch = WithOperations &
	((input: FetchInput, init?: RequestInit & CallOptions) => Promise<Response>);

/**
 * Makes a `fetch` that keeps one idempotency key per named operation: written before the first byte is sent, the same
 * over every attempt, click, reload, tab and crash.
 *
 * A call with `operation`, `idempotencyKey` or its own key header is keyed and retried; any other passes untouched.
 *
 * @throws {TypeError | RangeError} for an option that does not exist or is of the wrong kind; each call throws them too,
 * before it sends.
 * @example
 * const fetch = createFetch();
 * const response = await fetch('/orders', {method: 'POST', body, operation: ['checkout', cart.id]});
 */
export function createFetch(options: FetchOptions = {}): LatchkeyFetch {
	return createFetchIn(realEnvironment, options);
}

/** @internal `unkeyed` takes the calls without a key. */
export function createFetchIn(
	environment: Environment,
	options: FetchOptions,
	unkeyed?: typeof sendUnkeyed,
): LatchkeyFetch {
	const settings = settingsOf(options);
	const ownKeyFlights = new Map<string | undefined, Slot>();
	const operations = operationsOf(settings.store ?? defaultStore(), environment);
	// Who shares the store learns for this one, too, from now on.
	operations.degrades ||= settings.onStoreError === 'degrade';

	async function latchkeyFetch(input: FetchInput, init?: RequestInit & CallOptions): Promise<Response> {
		if (init) checkCall(init);
		return call(input, init);
	}

	async function call(input: FetchInput, given?: RequestInit & CallOptions): Promise<Response> {
		const init = given && withHeadersRead(given);
		const intent = intentOf(input, init, settings, environment);
		if (intent.kind === 'pass') {
			if (unkeyed) return unkeyed(input, init ?? {}, settings, environment);
			return (settings.fetch ?? globalThis.fetch)(input, init && without(init, callOptionNames));
		}

		const signal = signalOf(input, init);
		const own = withCall(settings, init ?? {});
		const scope = intent.kind === 'named' ? currentScope(settings.scope, environment) : undefined;
		const sameScope = sameScopeAs(settings.scope, environment, scope);
		const {ownKey, since} = intent;
		const request = prepareRequest(input, init ?? {}, own, environment, intent.kind, ownKey);
		const facts = {environment, request, settings: own, ownKey, since, sameScope, signal};
		const join = (its: readonly string[]) => joinNamed(operationAt(operations, scope ?? null, its));
		if (intent.kind === 'unnamed') return takePart({...facts, name: undefined}, unnamed(ownKey));
		const {name} = intent;
		if (name !== 'content') return takePart({...facts, name}, join(name));
		return takePart({...facts, name: ['content']}, caller => {
			const joinByContent = async () => {
				await request.ready();
				const content = ['content', await request.fingerprint()];
				if (caller.waiting()) join(content)(caller);
			};
			joinByContent().catch(caller.fail);
		});
	}

	/** On a server that knows no scope, one user's own key never joins another's call. */
	function unnamed(key: string | undefined): (caller: Caller) => void {
		const scope = typeof settings.scope === 'function' ? settings.scope() : settings.scope;
		const apart = key === undefined || (scope === undefined && environment.shared);
		const shared = apart ? undefined : JSON.stringify([scope ?? null, key]);
		return joinUnnamed(ownKeyFlights, key, shared);
	}

	const context: Context = {environment, settings, operations, send: call};
	return Object.assign(latchkeyFetch, {[latchkey]: context});
}
