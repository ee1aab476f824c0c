import {after, type MaybePromise} from '../maybe-promise.ts';
import {once} from '../once.ts';
import {nameId} from '../request/identity.ts';
import {scopeId} from '../request/scope.ts';
import type {OperationId} from '../stores/store.ts';
import type {Realm} from './realm.ts';

/** Where an operation is found: in the memory of a realm, and in its store. */
export type Place = {
	readonly realm: Realm;
	/** Whose it is, as it was told when it began. */
	readonly scope: string | null;
	readonly operation: readonly string[];
	readonly flightId: string;
	readonly id: () => MaybePromise<OperationId>;
};

export function placeOf(realm: Realm, scope: string | null, operation: readonly string[]): Place {
	return {
		realm,
		scope,
		operation,
		flightId: JSON.stringify([scope, ...operation]),
		id: once(() => after(scopeId(scope), hash => ({scope: hash, name: nameId(operation)}))),
	};
}
