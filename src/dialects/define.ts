import {property, jsonOf, type Answer, type Reading} from './dialect.ts';
import {mistake} from '../mistake.ts';
import {fits, fitting} from './exchanges.ts';
import {notSaved} from './ietf.ts';
import type {Exchange, JsonPattern, KeyRule, Profile, ProfiledDialect} from './profile.ts';
import {readExists} from './exists.ts';
import {isInDoubt, readWords} from './words.ts';

const formats = {
	uuid: /^[\da-f]{8}-([\da-f]{4}-){3}[\da-f]{12}$/i,
	uuid4: /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/i,
};

/**
 * What a row says to the core: the one place where meanings become readings. What failed before, or is not known, settles
 * nothing.
 */
function readingOf(row: Exchange, answer: Answer): Reading | undefined {
	const {means, anyKey} = row;
	if (means === 'in-progress' || means === 'mismatched' || means === 'pending') return means;
	if (means === 'already-done') return {reading: means, sameKey: !anyKey, resource: resourceIn(row, answer)};
	return unsettling.has(means) ? 'key-used' : undefined;
}

const unsettling: ReadonlySet<Exchange['means']> = /* @__PURE__ */ new Set([
	'key-used',
	'failed-before',
	'outcome-unknown',
] as const);

/** Where the resource is that an answer names: a URL, or the id of one in the collection that the request was sent to. */
function resourceIn({resource}: {readonly resource?: string}, answer: Answer): string | undefined {
	const found = resource?.split('.').reduce<unknown>(property, jsonOf(answer));
	if (typeof found !== 'string') return undefined;
	if (/^(https?:\/)?\//.test(found)) return found;
	const [collection] = answer.url.replace(/[?#].*/s, '').split(`/${found}`);
	return collection ? `${collection}/${encodeURIComponent(found)}` : undefined;
}

/** What the server wants of a key, if this is none for it. */
function wantedOf({format, min = 1, max = 255}: KeyRule, key: string): string | undefined {
	if (format && !formats[format].test(key)) return format === 'uuid' ? 'a UUID' : 'a UUIDv4';
	if (key.length < min) return `at least ${min} characters`;
	return key.length > max ? `at most ${max} characters` : undefined;
}

/**
 * Makes a dialect of what is known of an API. Answers are read by the first row that fits, and by the words that many
 * servers share where none does.
 *
 * @example
 * const bank = defineDialect({
 *   name: 'bank',
 *   key: {header: 'X-Request-Id', max: 36},
 *   methods: ['POST'],
 *   saves: 'success',
 *   otherwise: 'words',
 *   exchanges: [
 *     {
 *       status: 409,
 *       body: {error: 'REQUEST_RUNNING'},
 *       means: 'in-progress',
 *       source: 'https://bank.example/docs/retries',
 *     },
 *   ],
 *   read: '2026-11',
 * });
 * const fetch = createFetch({dialect: bank});
 */
export function defineDialect(profile: Profile): ProfiledDialect {
	const {name, key, retention, replayMarker, saves, headersWith, otherwise, exchanges, status} = profile;
	const isReplay = ({headers}: Answer): boolean =>
		replayMarker !== undefined && headers.get(replayMarker)?.trim().toLowerCase() === 'true';
	const rowOf = (answer: Answer) => fitting(exchanges, answer, isReplay(answer));
	const keeps = (answer: Answer) =>
		saves !== 'success' &&
		(answer.status < 500 ? !notSaved.has(answer.status) && !isInDoubt(answer) : saves === 'everything');
	return {
		profile,
		name,
		header: 'header' in key ? key.header : 'Idempotency-Key',
		carrier: 'header' in key ? undefined : key.carrier,
		checkKey(given) {
			const wanted = wantedOf(key, given);
			if (wanted) throw mistake(`the key for ${name} has to be ${wanted}`);
		},
		retention,
		saves:
			saves || exchanges.some(row => row.saved)
				? answer => {
						const row = rowOf(answer);
						return row ? row.saved === true : saves !== undefined && keeps(answer);
					}
				: undefined,
		isReplay,
		read(answer) {
			const row = rowOf(answer);
			if (row) return readingOf(row, answer);
			return otherwise === 'words' ? (readWords(answer, isReplay) ?? readExists(answer, isReplay)) : undefined;
		},
		headersWith,
		...(status && {
			statusRequest: {
				url: answer => resourceIn(status, answer),
				read(answer) {
					const said = (patterns: readonly JsonPattern[]) => patterns.some(it => fits(it, jsonOf(answer)));
					return said(status.succeeded) ? 'succeeded' : said(status.refused) ? 'refused' : 'pending';
				},
			},
		}),
		...(profile.repeatsGiveCurrentState && {repeatsGiveCurrentState: true}),
		...(profile.retryHeader && {shouldRetryHeader: profile.retryHeader}),
	};
}
