import {retention as retentionKind} from '../option-kinds.ts';
import {validate} from '../validate.ts';
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
export function ietf({retention, saves, quoted = false}: IetfOptions = {}): Dialect {
	validate({retention}, {retention: retentionKind}, 'ietf: ');
	return {
		name: 'ietf',
		header: 'Idempotency-Key',
		// Of visible ASCII, JSON escapes what a structured field does (RFC 9651 §3.3.3).
		formatKey: quoted ? key => JSON.stringify(key) : undefined,
		retention,
		saves: saves && (({status}) => saves === 'errors' && status < 500 && !notSaved.has(status)),
		// Some servers send the marker on first answers too, with the value false.
		isReplay: ({headers}) => replayMarkers.some(name => headers.get(name)?.trim().toLowerCase() === 'true'),
		read: readWords,
	};
}

/** Codes and words that many servers share. The draft's own problem type is one for all three cases; its titles differ. */
function readWords(answer: Answer): 'in-progress' | 'mismatched' | undefined {
	const {status} = answer;
	if (![400, 409, 422].includes(status)) return undefined;
	const words = wordsOf(answer);
	if (!words.includes('idempoten')) return undefined;
	if (status !== 400 && running.test(words)) return 'in-progress';
	return reused.test(words) ? 'mismatched' : undefined;
}

const running = /in (progress|flight|use)|processing|outstanding|concurren|pending|still running/;
const reused =
	/reus|mismatch|already (been )?used|(different|other|another) (\w+ )?(payload|request|param|body)|not match/;

const wordFields = ['type', 'code', 'title', 'detail', 'message', 'reason', 'name', 'error'];

/** Everything in an error answer that could name its kind, lower-case, with `_` and `-` as blanks; plain text as it is. */
export function wordsOf(answer: Answer, fields: readonly string[] = wordFields): string {
	const json = jsonOf(answer) ?? {detail: textOf(answer)};
	const [first] = [property(json, 'errors')].flat();
	return [json, property(json, 'error'), first]
		.flatMap(value => fields.map(field => property(value, field)))
		.filter(value => typeof value === 'string' && value !== 'about:blank')
		.map(value => String(value).slice(0, 1000).toLowerCase().replace(/[_-]+/g, ' '))
		.join('\n');
}

function textOf({body, headers}: Answer): string | undefined {
	const isText = /^text\/plain/i.test(headers.get('content-type') ?? '');
	return isText ? new TextDecoder().decode(body?.subarray(0, 1000)) : undefined;
}
