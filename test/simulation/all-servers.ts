import {dialectKinds} from './dialect-kinds.ts';
import {serverKinds, type ServerKind} from './servers.ts';

type PlainName = keyof typeof serverKinds;

/** One of the kinds that are made for the simulation, or the server of a dialect that the package has. */
export type ServerName = PlainName | `dialect of ${string}`;

export const plainNames = Object.keys(serverKinds) as PlainName[];
export const dialectNames = [...dialectKinds.keys()];

const kinds = new Map<ServerName, ServerKind>([
	...plainNames.map(name => [name, serverKinds[name]] as const),
	...dialectKinds,
]);

export function serverKind(name: ServerName): ServerKind {
	const kind = kinds.get(name);
	if (kind === undefined) throw new Error(`there is no server ${name}`);
	return kind;
}
