import {flag, numeric, pack, unpack, type FoundRow} from '../stores/row.ts';
import {ifReadable} from '../utils.ts';
import type {Entry, KeptAnswer, Subject} from './entry.ts';

/** An entry as flat columns, for SQL. Booleans are 0 and 1, times milliseconds since the epoch. */
export type EntryRow = {
	readonly id: string;
	readonly version: number;
	readonly guard: string;
	/** The rest of the subject, as JSON. */
	readonly subject: string;
	readonly fingerprint: string;
	readonly state: Entry['state'];
	readonly acted: number;
	readonly owner: string;
	readonly token: number;
	readonly lease_until: number;
	readonly created_at: number;
	/** Nothing while it is unsettled. */
	readonly expires_at: number | null;
	readonly answer: Uint8Array | null;
};

/** NUL is no text in Postgres, and half a surrogate pair is none in UTF-8: names go as JSON. */
export const guardColumn = (guard: string): string => JSON.stringify(guard);

export function entryRow(entry: Entry, id: string): EntryRow {
	const {guard, ...subject} = entry.subject;
	return {
		id,
		version: 1,
		guard: guardColumn(guard),
		subject: JSON.stringify(subject),
		fingerprint: entry.fingerprint,
		state: entry.state,
		acted: Number(entry.mayHaveActed),
		owner: entry.owner,
		token: entry.token,
		lease_until: Math.ceil(entry.leaseUntil),
		created_at: Math.floor(entry.createdAt),
		expires_at: entry.expiresAt === undefined ? null : Math.ceil(entry.expiresAt),
		answer: entry.answer ? packKept(entry.answer) : null,
	};
}

export function packKept({body, ...facts}: KeptAnswer): Uint8Array {
	return pack({...facts, bare: body === null}, body ?? new Uint8Array());
}

export function unpackKept(packed: Uint8Array): KeptAnswer {
	const {facts, body} = unpack(packed);
	const {bare, ...rest} = facts as Omit<KeptAnswer, 'body'> & {bare: boolean};
	return {...rest, body: bare ? null : body};
}

const states: ReadonlySet<unknown> = new Set(['running', 'answered', 'doubt']);

/** Throws a TypeError for what is no entry of this release. */
export function entryOf(row: FoundRow): Entry {
	return readEntry(() => {
		const {guard, subject, state, owner, fingerprint, answer, expires_at: end} = row;
		return {
			version: numeric(row['version']),
			subject: {
				guard: JSON.parse(guard as string) as string,
				...(JSON.parse(subject as string) as Omit<Subject, 'guard'>),
			},
			fingerprint,
			state,
			mayHaveActed: flag(row['acted']),
			owner,
			token: numeric(row['token']),
			leaseUntil: numeric(row['lease_until']),
			createdAt: numeric(row['created_at']),
			expiresAt: end === null || end === undefined ? undefined : numeric(end),
			answer: answer instanceof Uint8Array ? unpackKept(answer) : undefined,
		};
	});
}

/** What is read, or a TypeError where that is no entry of this release: never is it taken for a harmless one. */
export function readEntry(read: () => {readonly [Field in keyof Entry | 'version']?: unknown}): Entry {
	const found = ifReadable(read) ?? {};
	const {subject, fingerprint, state, mayHaveActed, owner, token, leaseUntil, createdAt, expiresAt, answer} = found;
	const texts = [(subject as Subject | undefined)?.guard, owner, fingerprint].every(it => typeof it === 'string');
	const times = [token, leaseUntil, createdAt, expiresAt ?? 0].every(Number.isFinite);
	const known = found.version === 1 && states.has(state) && typeof mayHaveActed === 'boolean';
	if (!known || !texts || !times || (state === 'answered' && !answer))
		throw new TypeError('an entry of a guard cannot be read: it is of another release of latchkey, or damaged');
	const facts = {subject, fingerprint, state, mayHaveActed, owner, token, leaseUntil, createdAt, expiresAt};
	return {...facts, ...(answer !== undefined && {answer})} as Entry;
}
