import {isSuccess, jsonOf, mayBeInProgress} from './answers.ts';
import type {CheckId, Finding, Observation} from './check.ts';
import type {Answer} from './exchange.ts';
import type {Exchange, Meaning, Profile} from './profiles.ts';

/** An answer whose meaning is known from how it was asked for. */
export type Known = {readonly means: Meaning; readonly answer: Answer};

export type Fit = {
	readonly name: string;
	readonly agrees: readonly Meaning[];
	readonly differs: readonly Meaning[];
};

/** What the observations teach about the spelling of each meaning. */
export function knownOf(observations: readonly Observation[], findings: ReadonlyMap<CheckId, Finding>): Known[] {
	const found = (check: CheckId) => findings.get(check)?.found;
	return observations.flatMap(({check, seen}): Known[] => {
		if (seen.kind === 'failure') return [];
		const means = (meaning: Meaning) => [{means: meaning, answer: seen}];
		if (check === 'replay' && (found(check) === 'replayed' || found(check) === 'same-resource'))
			return means('replayed');
		if (check === 'other-payload' && found(check) === 'refused' && !isSuccess(seen)) return means('mismatched');
		if (check === 'missing-key') return means('missing-key');
		if ((check === 'two-at-once' || check === 'twenty-at-once') && mayBeInProgress(seen)) return means('in-progress');
		return [];
	});
}

/**
 * The dialect that explains the most of what was seen; those that explain it equally well are named in order of the
 * profiles. `undefined` where none explains more than it gets wrong.
 */
export function bestDialect(seen: readonly Known[], profiles: readonly Profile[], header: string): Fit | undefined {
	const fits = profiles
		.filter(profile => profile.header === undefined || profile.header.toLowerCase() === header.toLowerCase())
		.map(profile => ({...fitOf(seen, profile), score: scoreOf(seen, profile)}))
		.toSorted((a, b) => b.score - a.score);
	const [best] = fits;
	if (best === undefined || best.score <= 0) return undefined;
	const {name, agrees, differs} = best;
	return {name, agrees, differs};
}

function meaningsOf(seen: readonly Known[]): Meaning[] {
	return [...new Set(seen.map(({means}) => means))];
}

function fitOf(seen: readonly Known[], profile: Profile): Fit {
	const stated = meaningsOf(seen).filter(meaning => profile.exchanges.some(({means}) => means === meaning));
	const agrees = stated.filter(meaning => detailOf(meaning, seen, profile) > 0);
	return {name: profile.name, agrees, differs: stated.filter(meaning => !agrees.includes(meaning))};
}

/** A meaning that is spelled otherwise counts as much against a profile as a plain match for it. */
function scoreOf(seen: readonly Known[], profile: Profile): number {
	const {agrees, differs} = fitOf(seen, profile);
	return agrees.reduce((sum, meaning) => sum + detailOf(meaning, seen, profile), -differs.length);
}

/** 0: no row matches every answer of that meaning. Else 1, and more for a row that names more than a status. */
function detailOf(meaning: Meaning, seen: readonly Known[], profile: Profile): number {
	const rows = profile.exchanges.filter(({means}) => means === meaning);
	const details = seen
		.filter(({means}) => means === meaning)
		.map(({answer}) => Math.max(0, ...rows.filter(row => matches(row, answer)).map(weightOf)));
	return Math.min(...details);
}

function weightOf({headers, body}: Exchange): number {
	return 1 + Object.keys(headers ?? {}).length + (body === undefined ? 0 : 1);
}

function matches({status, headers = {}, body}: Exchange, answer: Answer): boolean {
	if (status !== undefined && status !== answer.status) return false;
	const asNamed = Object.entries(headers).every(([name, value]) => answer.headers[name.toLowerCase()] === value);
	if (!asNamed) return false;
	if (body === undefined) return true;
	return typeof body === 'string' ? answer.body.includes(body) : contains(jsonOf(answer.body), body);
}

/** Whether each member that the pattern names is in the value. */
function contains(value: unknown, pattern: unknown): boolean {
	if (typeof pattern !== 'object' || pattern === null) return value === pattern;
	if (typeof value !== 'object' || value === null) return false;
	return Object.entries(pattern).every(
		([name, part]) => Object.hasOwn(value, name) && contains((value as Record<string, unknown>)[name], part),
	);
}
