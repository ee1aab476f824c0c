import {dialectKinds} from './dialect-kinds.ts';
import {guardKinds} from './guard-kinds.ts';
import {serverKinds, type ServerKind} from './servers.ts';

type PlainName = keyof typeof serverKinds;
type GuardName = keyof typeof guardKinds;

/** One of the kinds that are made for the simulation, the guard, or the server of a dialect that the package has. */
export type ServerName = PlainName | GuardName | `dialect of ${string}`;

export const plainNames = Object.keys(serverKinds) as PlainName[];
export const guardNames = Object.keys(guardKinds) as GuardName[];
export const dialectNames = [...dialectKinds.keys()];

const kinds = new Map<ServerName, ServerKind>([
	...plainNames.map(name => [name, serverKinds[name]] as const),
	...guardNames.map(name => [name, guardKinds[name]] as const),
	...dialectKinds,
]);

export function serverKind(name: ServerName): ServerKind {
	const kind = kinds.get(name);
	if (kind === undefined) throw new Error(`there is no server ${name}`);
	return kind;
}
