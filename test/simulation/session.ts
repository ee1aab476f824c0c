import {scopeId} from '../../src/request/scope.ts';

/** Who is signed in on the machine; all its tabs share the session. */
export type Session = {user: string};

export const USERS = ['ann', 'bob'] as const;

/** What tells the operations of one name and several users apart. */
export function idOf(user: string, operation: string): string {
	return user === USERS[0] ? operation : `${user}/${operation}`;
}

export function userOf(id: string): string {
	return id.includes('/') ? (id.split('/')[0] ?? '') : USERS[0];
}

const users = new Map(USERS.map(user => [scopeId(user), user]));

/** The id of a record. */
export function idOfRecord({scope, name}: {readonly scope: string; readonly name: string}): string {
	return idOf(users.get(scope) ?? '', (JSON.parse(name) as string[])[1] ?? name);
}

/** Where a record of that id is. */
export function placeOfId(id: string): {readonly scope: string; readonly name: string} {
	const operation = id.split('/').at(-1);
	return {scope: scopeId(userOf(id)) as string, name: JSON.stringify(['pay', operation])};
}
