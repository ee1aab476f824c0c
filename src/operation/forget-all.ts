import {contextOf, type WithOperations} from '../context.ts';
import {currentScope, scopeId} from '../request/scope.ts';
import {readable} from './guarded-store.ts';
import {operationAt, type Operation} from './operations.ts';
import {isOpen, type OperationRecord} from './record.ts';
import {saveAll} from './settle.ts';
import {forgetHere, openHere} from './ways-out.ts';

/** So many at once: a page goes on to answer meanwhile. */
const SLICE = 100;

/**
 * At sign-out: drops this scope's answers, and its records that are settled or were turned away before execution. What is
 * open stays, under its key: also where only this realm knows so, while the store fails. What cannot be read or dropped keeps
 * nothing else, and is the error in the end.
 *
 * @param fetch of `createFetch`, or a client.
 * @throws {StoreError} when the store, or some of its records, cannot be read or dropped.
 * @throws {TypeError} for a function around a fetch, which carries no operations; on a server that does not say whose they are.
 * @example
 * signOutButton.onclick = async () => {
 *   await forgetAll(fetch);
 *   location.assign('/signed-out');
 * };
 */
export async function forgetAll(fetch: WithOperations): Promise<void> {
	const {environment, settings, operations} = contextOf(fetch, 'forgetAll');
	const of = currentScope(settings.scope, environment);
	const scope = await scopeId(of);
	for (const operation of operations.all.values())
		if (operation.scope === of) {
			if (operation.flight) operation.flight.keepsAnswer = false;
			operation.result = undefined;
		}

	await saveAll(operations, of);
	// Looked at each time: an outcome may come, under another key than the store holds, while it is read or written to.
	const stays = (operation: Operation, record?: OperationRecord) => operation.unsaved ?? openHere(operation, record);
	const {listed, error} = await readable(operations.store, scope);
	const settled = listed.flatMap(({record}) => {
		const operation = operationAt(operations, of, JSON.parse(record.name) as string[]);
		return isOpen(record) || stays(operation, record) !== undefined ? [] : {operation, record};
	});
	const forget = async ({operation, record}: {readonly operation: Operation; readonly record: OperationRecord}) => {
		const {name, key} = record;
		const {status} = await operations.store.forget({scope, name}, {key, how: 'forget'});
		// Somebody may have begun with it since.
		if (status === 'freed' && stays(operation) === undefined) forgetHere(operation, record);
	};
	const failures: unknown[] = error ? [error] : [];
	for (let from = 0; from < settled.length; from += SLICE) {
		if (from > 0) await new Promise<void>(resolve => environment.timer(resolve, 0));
		const ended = await Promise.allSettled(settled.slice(from, from + SLICE).map(forget));
		for (const one of ended) if (one.status === 'rejected') failures.push(one.reason);
	}

	if (failures.length > 0) throw failures[0];
}
