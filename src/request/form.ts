import {BodyNotReplayableError} from '../errors.ts';
import {after, isPromise, type MaybePromise} from '../utils.ts';
import {freezeBlob, isBlob, type FrozenBlob} from './blob.ts';

/** The parts of a form, in their order. */
export type FormEntries = ReadonlyArray<readonly [name: string, value: string | FormFile]>;

export type FormFile = {
	readonly name: string;
	readonly type: string;
	readonly lastModified: number;
	readonly content: FrozenBlob;
};

/** The parts of whatever form this is. Throws a BodyNotReplayableError where they cannot be had. */
export function freezeForm(form: object): MaybePromise<FormEntries> {
	// React Native's only has `_parts`.
	const {_parts: parts} = form as {readonly _parts?: unknown};
	const entries = Symbol.iterator in form ? [...(form as FormData)] : parts;
	if (!Array.isArray(entries)) throw unreadable('whose parts');
	const frozen = entries.map(([name, value]: [unknown, unknown]) =>
		after(freezeValue(value), it => [String(name), it] as const),
	);
	return frozen.some(isPromise) ? Promise.all(frozen.map(async it => it)) : (frozen as FormEntries);
}

/** A file that was parsed is as old as the parsing, which would make every reading of the same Request another one. */
export function timeless(entries: FormEntries): FormEntries {
	return entries.map(([name, value]) => [name, typeof value === 'string' ? value : {...value, lastModified: 0}]);
}

function freezeValue(value: unknown): MaybePromise<string | FormFile> {
	if (typeof value !== 'object' || value === null) return String(value);
	// React Native's `{uri}`, which only its own form knows how to read.
	if (!isBlob(value)) throw unreadable('with a file that');
	// As a form calls a Blob.
	const {name = 'blob', type, lastModified = 0} = value as Blob & Partial<File>;
	return after(freezeBlob(value), content => ({name, type, lastModified, content}));
}

function unreadable(what: string): BodyNotReplayableError {
	return new BodyNotReplayableError({reason: `is a form ${what} cannot be read here`});
}
