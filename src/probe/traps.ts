import {isLimited, isSuccess, mayBeInProgress, replayMarkerOf, retryAfterOf} from './answers.ts';
import type {CheckId, Finding, Found, Observation} from './check.ts';
import type {Answer} from './exchange.ts';

/** Something that a client has to know, because it would guess otherwise. */
export type Trap = {readonly trap: string; readonly says: string};

type Seen = {
	readonly observations: readonly Observation[];
	readonly findings: ReadonlyMap<CheckId, Finding>;
};

/** Those that a finding is by itself. */
const byFinding: ReadonlyArray<readonly [CheckId, Found, string, string]> = [
	[
		'another-key',
		'same-key',
		'key-not-looked-at',
		'two keys gave one effect: it is not the key that tells requests apart',
	],
	[
		'another-key',
		'refused',
		'unique-besides-the-key',
		'something else must be unique too: a 409 may be about our own first attempt',
	],
	['replay', 'executed-again', 'key-ignored', 'the key is ignored: every repeat is another effect'],
	['replay', 'same-resource', 'replay-differs', 'a repeat may get another answer than the first: do not compare them'],
	['replay', 'refused', 'repeat-refused', 'a repeat is refused although it took place: that refusal is a success'],
	['replay', 'in-progress', 'repeat-refused', 'a repeat is refused although it took place: that refusal is a success'],
	['members-reordered', 'refused', 'order-matters', 'the order of members matters: send the same bytes again'],
	[
		'members-reordered',
		'executed-again',
		'order-matters',
		'with members in another order it is executed again: send the same bytes',
	],
	[
		'other-payload',
		'not-compared',
		'payload-not-compared',
		'payloads are not compared: a reused key gets the answer to something else',
	],
	[
		'other-payload',
		'executed-again',
		'other-payload-executed',
		'another payload under the same key is executed: key reuse is not noticed',
	],
	['quoted-key', 'another-key', 'quotes-count', 'a key in quotes is another key: never change how it is written'],
	['quoted-key', 'refused', 'quotes-refused', 'a key in quotes, as the draft has it, is refused'],
	['upper-case-key', 'same-key', 'case-ignored', 'keys that differ only in case are one key'],
	['two-credentials', 'shared', 'not-scoped', 'keys are shared by all callers: one gets the answer of another'],
	['two-credentials', 'refused', 'not-scoped', 'keys are shared by all callers: the key of one is refused to another'],
	['two-at-once', 'several-effects', 'race', 'requests at once are all executed'],
	['twenty-at-once', 'several-effects', 'race', 'requests at once are all executed'],
	['two-at-once', 'locked', 'never-ends', 'a key stays in progress although nothing runs any more'],
	['twenty-at-once', 'locked', 'never-ends', 'a key stays in progress although nothing runs any more'],
	['missing-key', 'accepted', 'missing-key-accepted', 'a request without a key is executed without a word'],
	['empty-key', 'accepted', 'empty-key-is-none', 'an empty key is no key: every request is executed'],
	['empty-key', 'shared', 'empty-key-shared', 'an empty key is one key, shared by everybody who sends it'],
	['long-key', 'truncated', 'key-truncated', 'long keys are cut: two with the same beginning are one'],
	['long-key', 'failed', 'long-key-fails', 'a long key makes the server fail'],
	['refusal-then-retry', 'saved', '4xx-saved', 'a 4xx is saved: what was mended needs a new key'],
	[
		'refusal-then-retry',
		'kept',
		'4xx-keeps-key',
		'after a 4xx the key belongs to that payload: what was mended needs a new key',
	],
	['error-then-retry', 'saved', '5xx-saved', 'a 5xx is saved: no retry under the same key gets past it'],
	[
		'error-then-retry',
		'executed-again',
		'5xx-runs-again',
		'a 5xx is not saved: if the effect came before it, a retry makes a second one',
	],
	['error-then-retry', 'several-effects', '5xx-runs-again', 'after a 5xx the retry made a second effect'],
	['error-then-retry', 'locked', '5xx-locks', 'a 5xx locks the key: retries get a conflict, and nobody is at work'],
	['lost-response', 'several-effects', 'lost-runs-again', 'after a lost response the retry makes a second effect'],
	['lost-response', 'locked', 'lost-locks', 'a lost response leaves the key locked'],
	['client-abort', 'several-effects', 'abort-runs-again', 'after an abort the retry makes a second effect'],
	['client-abort', 'locked', 'abort-locks', 'an abort leaves the key locked'],
	['retention', 'executed-again', 'short-retention', 'keys are kept only for a while: a late retry is executed again'],
];

export function trapsIn(seen: Seen): Trap[] {
	const {findings} = seen;
	const found = byFinding
		.filter(([check, outcome]) => findings.get(check)?.found === outcome)
		.map(([, , trap, says]) => ({trap, says}));
	const all = [...found, ...inAnswers(seen)];
	return all.filter(({trap}, index) => all.findIndex(other => other.trap === trap) === index);
}

/** Those that show in the headers. */
function inAnswers({observations, findings}: Seen): Trap[] {
	const answersOf = (...checks: readonly CheckId[]) =>
		observations.flatMap(({check, seen}) => (checks.includes(check) && seen.kind === 'answer' ? [seen] : []));
	const traps: Trap[] = [];
	const add = (is: boolean, trap: string, says: string) => {
		if (is) traps.push({trap, says});
	};

	const replays = answersOf('replay').filter(isSuccess);
	const marksAll = answersOf('first-call').some(answer => replayMarkerOf(answer) !== undefined);
	add(marksAll, 'marks-first-answers', 'a first answer is marked as a replay already: the marker says nothing');
	const repeated = ['replayed', 'same-resource'].includes(findings.get('replay')?.found ?? '');
	const marker = replays.map(replayMarkerOf).find(name => name !== undefined);
	add(
		repeated && marker === undefined,
		'no-marker',
		'replays are not marked: a client cannot tell that an answer is final',
	);
	add(
		marker !== undefined && replays.some(answer => isHidden(answer, marker)),
		'marker-hidden-by-cors',
		`pages cannot see ${marker}: Access-Control-Expose-Headers does not name it`,
	);
	add(
		replays.some(({headers}) => headers['set-cookie'] !== undefined),
		'replays-cookies',
		'a replay sets cookies: whoever repeats the request gets them',
	);

	add(
		answersOf('first-call').some(({status}) => status === 202),
		'not-done-yet',
		'the first answer is 202: it was taken, and is not done',
	);

	const conflicts = answersOf('two-at-once', 'twenty-at-once').filter(
		answer => mayBeInProgress(answer) && !isLimited(answer),
	);
	const silent = conflicts.filter(answer => retryAfterOf(answer) === undefined);
	add(silent.length > 0, 'no-retry-after', `${conflicts[0]?.status} comes without Retry-After: a client has to guess`);
	add(
		conflicts.some(answer => retryAfterOf(answer) !== undefined && isHidden(answer, 'retry-after')),
		'retry-after-hidden-by-cors',
		'pages cannot see Retry-After: Access-Control-Expose-Headers does not name it',
	);
	const [mismatch] = findings.get('other-payload')?.found === 'refused' ? answersOf('other-payload') : [];
	add(
		mismatch !== undefined && conflicts.some(({status}) => status === mismatch.status),
		'one-status-for-two',
		`${mismatch?.status} means both that the first request runs and that the payload differs`,
	);
	return traps;
}

/** Only servers that speak CORS hide anything. With credentials, `*` is a name like any other. */
function isHidden({headers}: Answer, name: string): boolean {
	if (headers['access-control-allow-origin'] === undefined) return false;
	const exposed = (headers['access-control-expose-headers'] ?? '').split(',').map(it => it.trim().toLowerCase());
	const all = exposed.includes('*') && headers['access-control-allow-credentials'] !== 'true';
	return !all && !exposed.includes(name);
}
