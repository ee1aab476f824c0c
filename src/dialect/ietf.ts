import {jsonOf, property, type Answer, type Dialect} from './dialect.ts';

export type IetfOptions = {
	/** How long the server documents to keep keys, in milliseconds. Default: not declared (see `Dialect.retention`). */
	readonly retention?: number;
	/**
	 * `'success'` (default): only successes are known to be saved, so a refusal after an ambiguous attempt settles
	 * nothing. `'errors'`: the server keeps 4xx answers under the key too, as the draft says it should.
	 */
	readonly saves?: 'success' | 'errors';
	/** Send the key as a structured-field string, in double quotes, as the draft says. Default `false`: all known servers take it bare. */
	readonly quoted?: boolean;
};

/** Answered by what stands in front of a server, or explicitly about this moment: never known to be saved under a key. */
export const notSaved: ReadonlySet<number> = new Set([401, 403, 407, 408, 409, 413, 421, 425, 426, 429, 431, 451]);

const replayMarkers = [
	'idempotent-replayed',
	'idempotency-replayed',
	'x-idempotent-replayed',
	'idempotency-replay',
	'request-idempotency',
	'x-idempotency-cache-hit',
];

/**
 * The default dialect: the `Idempotency-Key` header of the IETF draft, read so that the safest meaning wins.
 *
 * @throws {RangeError} when `retention` is not a positive number.
 * @example
 * createFetch({dialect: ietf({retention: 24 * 60 * 60 * 1000, saves: 'errors'})});
 * @see https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
 */
export function ietf({retention, saves = 'success', quoted = false}: IetfOptions = {}): Dialect {
	if (retention !== undefined && !(retention > 0 && Number.isFinite(retention)))
		throw new RangeError(`ietf({retention}) takes a positive number of milliseconds, not ${String(retention)}`);
	return {
		name: 'ietf',
		header: 'Idempotency-Key',
		...(quoted && {formatKey: (key: string) => `"${key.replace(/["\\]/g, '\\$&')}"`}),
		...(retention !== undefined && {retention}),
		saves: status => saves === 'errors' && status < 500 && !notSaved.has(status),
		// Some servers send the marker on first answers too, with the value false.
		isReplay: ({headers}) => replayMarkers.some(name => headers.get(name)?.trim().toLowerCase() === 'true'),
		read: readWords,
	};
}

/** Codes and words that many servers share. The draft's own problem type is one for all three cases; its titles differ. */
function readWords(answer: Answer): 'in-progress' | 'mismatched' | undefined {
	if (answer.status !== 400 && answer.status !== 409 && answer.status !== 422) return undefined;
	const words = wordsOf(answer);
	if (!/idempoten/.test(words)) return undefined;
	if (
		answer.status !== 400 &&
		/in progress|in flight|in use|processing|outstanding|concurren|pending|still running/.test(words)
	)
		return 'in-progress';
	if (
		/reus|mismatch|already (been )?used|(different|other|another) (\w+ )?(payload|request|param|body)|does not match/.test(
			words,
		)
	)
		return 'mismatched';
	return undefined;
}

const wordFields = ['type', 'code', 'title', 'detail', 'message', 'reason', 'name', 'error'];

/** Everything in an error answer that could name its kind, lower-case, with `_` and `-` as blanks; plain text as it is. */
export function wordsOf(answer: Answer, fields: readonly string[] = wordFields): string {
	const json = jsonOf(answer);
	if (json === undefined) return fields === wordFields ? textOf(answer) : '';
	const [first] = [property(json, 'errors')].flat();
	return [json, property(json, 'error'), first]
		.flatMap(value => fields.map(field => property(value, field)))
		.filter(value => typeof value === 'string' && value !== 'about:blank')
		.map(value => plain(String(value)))
		.join('\n');
}

function textOf({body, headers}: Answer): string {
	const isText = /^text\/plain/i.test(headers.get('content-type') ?? '');
	return isText && body !== undefined ? plain(new TextDecoder().decode(body.subarray(0, 1000))) : '';
}

function plain(text: string): string {
	return text.slice(0, 1000).toLowerCase().replace(/[_-]+/g, ' ');
}
