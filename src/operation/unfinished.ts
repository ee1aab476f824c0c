import {abortOf} from '../aborts.ts';
import {contextOf, type WithOperations} from '../context.ts';
import {stopwatch, type Environment} from '../environment.ts';
import {OutcomeUnknownError, outcomeError, type NotSendable} from '../errors.ts';
import {withCall} from '../normalize-options.ts';
import {checkCall} from '../option-names.ts';
import type {ResumeInit, Settings} from '../options.ts';
import {prepareRequest} from '../request/prepared-request.ts';
import {currentScope, sameScopeAs, scopeId} from '../request/scope.ts';
import {takePart} from './caller.ts';
import {isAlive, recordsOf} from './guarded-store.ts';
import {joinNamed} from './join.ts';
import {keptInit} from './at-rest.ts';
import {keyLifeOf, keyStanding, seenSince} from './key-age.ts';
import {knownRecord, sawRecord} from './known.ts';
import {operationAt, type Operation} from './operations.ts';
import {isOpen, type OperationRecord, type StoredRequest} from './record.ts';
import {saveAll} from './settle.ts';
import {isFinal} from './state.ts';

/** An operation whose outcome is not known. */
export type Unfinished = {
	/** `'pending'`: the server has taken it, and has not finished it. Calling it again asks what became of it. */
	readonly outcome: 'unknown' | 'pending';
	readonly operation: readonly [string, ...string[]];
	readonly key: string;
	/** When it was first claimed, in milliseconds since the epoch. */
	readonly since: number;
	/**
	 * Nothing more is sent under its key, which is too old, or which the server would only answer as before: `resolve()`,
	 * `reconcile` or `forget({force: true})` end it.
	 */
	readonly expired: boolean;
	/** Somebody, here or elsewhere, is at it. */
	readonly working: boolean;
	/**
	 * Sends the request again that was kept with `keepRequest`, under the same key and with these headers (credentials
	 * are never kept). Absent where none was kept, where somebody is at it, where it is pending, and once it has expired.
	 * Nothing is sent if the operation has been freed since.
	 * @throws what a call of this operation throws.
	 */
	readonly resume?: (init?: ResumeInit) => Promise<Response>;
};

/**
 * The operations of this scope whose outcome is not known. What was turned away before execution is none of them.
 *
 * @param fetch of `createFetch`, or a client.
 * @throws {StoreError} when the store cannot be read.
 * @throws {TypeError} for a function around a fetch, which carries no operations; on a server that does not say whose they are.
 * @example
 * for (const {operation, expired} of await unfinished(fetch)) showOpen(operation, expired);
 */
export async function unfinished(fetch: WithOperations): Promise<Unfinished[]> {
	const {environment, settings, operations} = contextOf(fetch, 'unfinished');
	const scope = currentScope(settings.scope, environment);
	const elapsed = stopwatch(environment);
	const unsaved = await saveAll(operations, scope);
	const listed = await recordsOf(operations.store, await scopeId(scope), undefined, true);
	const keys = new Set(listed.map(({record}) => record.key));
	const here = unsaved.flatMap(it => knownRecord(it) ?? []).filter(({record}) => !keys.has(record.key));
	return Promise.all(
		[...listed, ...here]
			.filter(({record}) => isOpen(record))
			.map(async found => {
				const {record} = found;
				/** As of a moment in which the store's clock has gone on since it listed the record. */
				const standing = () => {
					if (isFinal(record.state)) return 'expired';
					return keyStanding(seenSince(elapsed, found), keyLifeOf(settings));
				};
				const stands = standing();
				const working = await isAlive(operations.store, found, environment);
				const name = JSON.parse(record.name) as [string, ...string[]];
				sawRecord(operationAt(operations, scope, name), environment, found);
				const {request} = record;
				const outcome = record.state.status === 'pending' ? 'pending' : 'unknown';
				return {
					outcome,
					operation: name,
					key: record.key,
					since: record.createdAt,
					expired: stands === 'expired',
					working,
					...(request &&
						!working &&
						outcome === 'unknown' &&
						stands === 'go' && {
							resume: async (init: ResumeInit = {}) => {
								checkCall(init);
								const operation = operationAt(operations, scope, name);
								return resume(operation, record, request, standing(), withCall(settings, init), init, environment);
							},
						}),
				};
			}),
	);
}

/**
 * Under the key of the record as its own, and only while that is open. It is the same request whatever it was made from,
 * a form or a large file.
 */
async function resume(
	operation: Operation,
	{key, fingerprint, bytes}: OperationRecord,
	kept: StoredRequest,
	standing: 'go' | NotSendable,
	settings: Settings,
	init: ResumeInit,
	environment: Environment,
): Promise<Response> {
	const again = prepareRequest(kept.url, keptInit(kept, init), settings, environment, 'named');
	const request = {...again, fingerprint: () => fingerprint, bytes: () => bytes, resumes: key};
	const signal = init.signal ?? undefined;
	if (signal?.aborted) throw abortOf(signal, false);
	const {name, scope} = operation;
	// The record may have been swept since it was offered, and could not say so.
	if (standing !== 'go') throw new OutcomeUnknownError({operation: name, key, reason: standing});
	const sameScope = sameScopeAs(settings.scope, environment, scope);
	if (!sameScope())
		throw outcomeError('unknown', {
			operation: name,
			key,
			hint: 'The signed-in user (scope) changed, so nothing was sent.',
		});
	const call = {environment, request, settings, ownKey: key, since: undefined, sameScope, signal, name};
	return takePart(call, joinNamed(operation));
}
