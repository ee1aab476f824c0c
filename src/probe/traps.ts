import {isLimited, isSuccess, mayBeInProgress, replayMarkerOf, retryAfterOf} from './answers.ts';
import type {CheckId, Finding, Found, Observation} from './check.ts';
import type {Answer} from './exchange.ts';
import {trapTexts, type TrapName} from './trap-texts.ts';

export type Trap = {readonly trap: TrapName; readonly says: string};

type Seen = {
	readonly observations: readonly Observation[];
	readonly findings: ReadonlyMap<CheckId, Finding>;
};

/** Those that a finding is by itself. */
const byFinding: ReadonlyArray<readonly [CheckId, Found, TrapName]> = [
	['another-key', 'same-key', 'key-not-looked-at'],
	['another-key', 'refused', 'unique-besides-the-key'],
	['replay', 'executed-again', 'key-ignored'],
	['replay', 'same-resource', 'replay-differs'],
	['replay', 'refused', 'repeat-refused'],
	['replay', 'in-progress', 'repeat-refused'],
	['members-reordered', 'refused', 'order-matters'],
	['members-reordered', 'executed-again', 'order-matters'],
	['other-payload', 'not-compared', 'payload-not-compared'],
	['other-payload', 'executed-again', 'other-payload-executed'],
	['quoted-key', 'another-key', 'quotes-count'],
	['quoted-key', 'refused', 'quotes-refused'],
	['upper-case-key', 'same-key', 'case-ignored'],
	['two-credentials', 'shared', 'not-scoped'],
	['two-credentials', 'refused', 'not-scoped'],
	['two-at-once', 'several-effects', 'race'],
	['twenty-at-once', 'several-effects', 'race'],
	['two-at-once', 'locked', 'never-ends'],
	['twenty-at-once', 'locked', 'never-ends'],
	['missing-key', 'accepted', 'missing-key-accepted'],
	['empty-key', 'accepted', 'empty-key-is-none'],
	['empty-key', 'shared', 'empty-key-shared'],
	['long-key', 'truncated', 'key-truncated'],
	['long-key', 'failed', 'long-key-fails'],
	['refusal-then-retry', 'saved', '4xx-saved'],
	['refusal-then-retry', 'kept', '4xx-keeps-key'],
	['error-then-retry', 'saved', '5xx-saved'],
	['error-then-retry', 'executed-again', '5xx-runs-again'],
	['error-then-retry', 'several-effects', '5xx-runs-again'],
	['error-then-retry', 'locked', '5xx-locks'],
	['error-then-retry', 'unknown', '5xx-unknown'],
	['lost-response', 'several-effects', 'lost-runs-again'],
	['lost-response', 'locked', 'lost-locks'],
	['client-abort', 'several-effects', 'abort-runs-again'],
	['client-abort', 'locked', 'abort-locks'],
	['retention', 'executed-again', 'short-retention'],
];

export function trapsIn(seen: Seen): Trap[] {
	const {findings} = seen;
	const found = byFinding
		.filter(([check, outcome]) => findings.get(check)?.found === outcome)
		.map(([, , name]) => name);
	return [...new Set([...found, ...inAnswers(seen)])].map(trap => ({trap, says: trapTexts[trap]}));
}

/** Those that show in the headers. */
function inAnswers({observations, findings}: Seen): TrapName[] {
	const answersOf = (...checks: readonly CheckId[]) =>
		observations.flatMap(({check, seen}) => (checks.includes(check) && seen.kind === 'answer' ? [seen] : []));

	const [first] = answersOf('first-call');
	const marksAll = first !== undefined && replayMarkerOf(first) !== undefined;
	const replays = answersOf('replay').filter(isSuccess);
	const repeated = ['replayed', 'same-resource'].includes(findings.get('replay')?.found ?? '');
	const marker = replays.map(replayMarkerOf).find(name => name !== undefined);
	const conflicts = answersOf('two-at-once', 'twenty-at-once').filter(
		answer => mayBeInProgress(answer) && !isLimited(answer),
	);
	const [mismatch] = findings.get('other-payload')?.found === 'refused' ? answersOf('other-payload') : [];
	const is: Partial<Record<TrapName, boolean>> = {
		'not-done-yet': first?.status === 202,
		'marks-first-answers': marksAll,
		'no-marker': repeated && marker === undefined && !marksAll,
		'marker-hidden-by-cors': marker !== undefined && replays.some(answer => isHidden(answer, marker)),
		'replays-cookies': replays.some(({headers}) => headers['set-cookie'] !== undefined),
		'no-retry-after': conflicts.some(answer => retryAfterOf(answer) === undefined),
		'retry-after-hidden-by-cors': conflicts.some(
			answer => retryAfterOf(answer) !== undefined && isHidden(answer, 'retry-after'),
		),
		'one-status-for-two': mismatch !== undefined && conflicts.some(({status}) => status === mismatch.status),
	};
	return (Object.keys(is) as TrapName[]).filter(name => is[name]);
}

/** Only servers that speak CORS hide anything. With credentials, `*` is a name like any other. */
function isHidden({headers}: Answer, name: string): boolean {
	if (headers['access-control-allow-origin'] === undefined) return false;
	const exposed = (headers['access-control-expose-headers'] ?? '').split(',').map(it => it.trim().toLowerCase());
	const all = exposed.includes('*') && headers['access-control-allow-credentials'] !== 'true';
	return !all && !exposed.includes(name);
}
