import {fits as holds} from '../dialects/exchanges.ts';
import {isLimited, isRefusal, isSuccess, mayBeInProgress} from './answers.ts';
import type {CheckId, Finding, Observation} from './check.ts';
import type {Answer} from './exchange.ts';
import {jsonOf} from './json.ts';
import type {Exchange, Profile} from './profiles.ts';

/** What an answer must mean, since one knows how it was asked for. */
export type Meaning = 'replayed' | 'in-progress' | 'mismatched' | 'key-missing' | 'already-done';

export type Known = {readonly means: Meaning; readonly answer: Answer};

export type Fit = {
	readonly name: string;
	readonly agrees: readonly Meaning[];
	readonly differs: ReadonlyArray<Meaning | 'header'>;
};

/** What the observations teach about the spelling of each meaning. */
export function knownOf(observations: readonly Observation[], findings: ReadonlyMap<CheckId, Finding>): Known[] {
	return observations.flatMap(({check, seen}): Known[] => {
		if (seen.kind === 'failure' || isLimited(seen)) return [];
		const means = meaningOf(check, findings.get(check)?.found, seen);
		return means === undefined ? [] : [{means, answer: seen}];
	});
}

function meaningOf(check: CheckId, found: Finding['found'] | undefined, answer: Answer): Meaning | undefined {
	if (check === 'replay') {
		if (found === 'replayed' || found === 'same-resource') return 'replayed';
		return found === 'refused' || found === 'in-progress' ? 'already-done' : undefined;
	}

	if (check === 'other-payload') return found === 'refused' && !isSuccess(answer) ? 'mismatched' : undefined;
	if (check === 'missing-key') return isRefusal(answer) ? 'key-missing' : undefined;
	const atOnce = check === 'two-at-once' || check === 'twenty-at-once';
	return atOnce && mayBeInProgress(answer) ? 'in-progress' : undefined;
}

/**
 * The dialect that explains the most of what was seen, the first of those that explain it equally well. `undefined` where
 * none explains more than it gets wrong. `header`: of the key; `undefined`: it stands elsewhere.
 */
export function bestDialect(
	seen: readonly Known[],
	profiles: readonly Profile[],
	header: string | undefined,
): Fit | undefined {
	const [best] = profiles
		.map(profile => scored(seen, profile, header))
		.filter(({score}) => score > 0)
		.toSorted((a, b) => b.score - a.score);
	return best?.fit;
}

/** What is spelled otherwise counts as much against a profile as a plain match for it. */
function scored(seen: readonly Known[], profile: Profile, header: string | undefined): {fit: Fit; score: number} {
	const meanings = [...new Set(seen.map(({means}) => means))];
	const stated = meanings.filter(meaning => profile.exchanges.some(({means}) => means === meaning));
	const agrees = stated.filter(meaning => closeness(meaning, seen, profile) > 0);
	const carried = headerOf(profile)?.toLowerCase() === header?.toLowerCase();
	const otherwise = stated.filter(meaning => !agrees.includes(meaning));
	const differs = carried ? otherwise : [...otherwise, 'header' as const];
	const score = agrees.reduce((sum, meaning) => sum + closeness(meaning, seen, profile), -differs.length);
	return {fit: {name: profile.name, agrees, differs}, score};
}

function headerOf({key}: Profile): string | undefined {
	return 'header' in key && typeof key.header === 'string' ? key.header : undefined;
}

/** 0: some answer of that meaning fits no row of it. Else 1; 2 where the rows name more than a status; 3 a member of its JSON, such as a code: words are the draft's own. */
function closeness(meaning: Meaning, seen: readonly Known[], {exchanges}: Profile): number {
	const rows = exchanges.filter(({means}) => means === meaning);
	const closest = seen
		.filter(({means}) => means === meaning)
		.map(({answer}) => Math.max(0, ...rows.filter(row => fits(row, answer)).map(detailOf)));
	return Math.min(...closest);
}

function detailOf({headers, body, text}: Exchange): number {
	if (body !== undefined) return 3;
	return headers === undefined && text === undefined ? 1 : 2;
}

function fits({status, headers, body, text}: Exchange, answer: Answer): boolean {
	const has = (one: number | string) =>
		typeof one === 'number' ? one === answer.status : Number(one[0]) === Math.floor(answer.status / 100);
	if (![status].flat().some(has)) return false;
	if (body !== undefined) return holds(body, jsonOf(answer.body));
	if (text !== undefined) return answer.body.toLowerCase().includes(text.toLowerCase());
	return Object.entries(headers ?? {}).every(
		([name, value]) => answer.headers[name.toLowerCase()]?.trim().toLowerCase() === value.toLowerCase(),
	);
}
