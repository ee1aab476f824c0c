import {retention as retentionSpec} from '../specs.ts';
import {refuseOthers} from '../option-names.ts';
import {validate} from '../validate.ts';
import type {Answer, Dialect} from './dialect.ts';
import {readExists} from './exists.ts';
import {isInDoubt, readWords} from './words.ts';

/** What a server that follows the draft leaves open. */
export type IetfOptions = {
	/**
	 * How long the server documents to keep keys, in milliseconds.
	 *
	 * @default not declared (see `Dialect.retention`)
	 * @see https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/ §2.3
	 */
	readonly retention?: number;
	/**
	 * `'success'`: the server keeps successes under the key, and nothing else. `'errors'`: it keeps 4xx answers too, as the
	 * draft says it should.
	 *
	 * @default not declared: a refusal after an ambiguous attempt settles nothing
	 * @see https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/ §2.6
	 */
	readonly saves?: 'success' | 'errors';
	/**
	 * Send the key as a structured-field string, in double quotes, as the draft says. All known servers take it bare.
	 *
	 * @default false
	 * @see https://www.rfc-editor.org/rfc/rfc9651#section-3.3.3
	 */
	readonly quoted?: boolean;
};

/** Answered by what stands in front of a server, or explicitly about this moment: never known to be saved under a key. */
export const notSaved: ReadonlySet<number> = new Set([
	401, 403, 407, 408, 409, 413, 419, 421, 423, 425, 426, 428, 429, 431, 440, 451, 498, 499,
]);

/** Spellings of "this answer was given before", in lower case. */
export const replayMarkers: readonly string[] = [
	'idempotent-replayed',
	'idempotency-replayed',
	'x-idempotent-replayed',
	'idempotency-replay',
	'idempotent-replay',
	'request-idempotency',
	'x-idempotency-cache-hit',
	// Worldline's says when the first request came.
	'x-gcs-idempotence-request-timestamp',
];

/** Some servers send the marker on first answers too, with the value false. */
export function isMark(value: string | null | undefined): boolean {
	return /^\s*(true|\d{9,})\s*$/i.test(value ?? '');
}

function isReplay({headers}: Answer): boolean {
	return replayMarkers.some(name => isMark(headers.get(name)));
}

/**
 * The default dialect: the `Idempotency-Key` header of the IETF draft, read so that the safest meaning wins.
 *
 * @throws {RangeError} when `retention` is not a positive number.
 * @throws {TypeError} for an option that it does not have.
 * @example
 * createFetch({dialect: ietf({retention: 24 * 60 * 60 * 1000, saves: 'errors'})});
 * @see https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
 */
export function ietf(options: IetfOptions = {}): Dialect {
	refuseOthers(options, {who: 'ietf', names: ['retention', 'saves', 'quoted']});
	const {retention, saves, quoted = false} = options;
	validate({retention}, {retention: retentionSpec}, 'ietf: ');
	return {
		name: 'ietf',
		header: 'Idempotency-Key',
		// Of visible ASCII, JSON escapes what a structured field does (RFC 9651 §3.3.3).
		formatKey: quoted ? key => JSON.stringify(key) : undefined,
		retention,
		saves:
			saves &&
			(answer => saves === 'errors' && answer.status < 500 && !notSaved.has(answer.status) && !isInDoubt(answer)),
		isReplay,
		read: answer => readWords(answer, isReplay) ?? readExists(answer, isReplay),
	};
}
