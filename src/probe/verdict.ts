import type {CheckId, Finding} from './check.ts';
import type {Should} from './draft.ts';
import {requirements, type Requirement} from './settings.ts';

export type Verdict = {
	/** `'except'`: yes, except where `exceptions` say. `'unknown'`: what was seen does not tell. */
	readonly safe: 'yes' | 'except' | 'no' | 'unknown';
	readonly exceptions: readonly string[];
	/** One sentence for people. */
	readonly sentence: string;
	/** What told the effects. */
	readonly by: 'count' | 'answers';
};

type Findings = ReadonlyMap<CheckId, Finding>;

export function verdictOf(findings: Findings, by: Verdict['by']): Verdict {
	const replay = findings.get('replay')?.found;
	const notes = [
		...(by === 'answers' ? ['by answers only: give --count to be sure'] : []),
		...(knows5xx(findings) ? [] : ['a 5xx was not tried: give --error-header']),
	];
	const suffix = notes.length === 0 ? '' : ` (${notes.join('; ')})`;
	const verdict = (safe: Verdict['safe'], sentence: string, exceptions: readonly string[] = []): Verdict => ({
		safe,
		exceptions,
		sentence: `safe to retry: ${sentence}${suffix}`,
		by,
	});
	// Nothing more was tried there.
	if (replay === 'executed-again')
		return {
			safe: 'no',
			exceptions: [],
			sentence: `safe to retry: no, the key is not honoured: every repeat is another effect`,
			by,
		};
	if (replay === undefined || replay === 'failed' || replay === 'no-answer')
		return verdict('unknown', 'not known, a plain repeat got no answer');
	if (replay === 'unclear') return verdict('unknown', 'not known, answers do not tell one effect from two');
	const exceptions = exceptionsIn(findings);
	if (exceptions.length > 0) return verdict('except', `yes, except ${listed(exceptions)}`, exceptions);
	const open = undecided(findings);
	if (open.length > 0) return verdict('unknown', `not known ${listed(open)}`);
	return verdict('yes', 'yes');
}

function knows5xx(findings: Findings): boolean {
	const found = findings.get('error-then-retry')?.found;
	return found !== undefined && !['not-seen', 'unclear', 'skipped'].includes(found);
}

function listed(parts: readonly string[]): string {
	return parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
}

/** Where a retry costs a second effect, or never gets an answer. */
function exceptionsIn(findings: Findings): string[] {
	const found = (check: CheckId) => findings.get(check)?.found;
	const several = (check: CheckId) => found(check) === 'several-effects' || found(check) === 'executed-again';
	const exceptions: string[] = [];
	if (found('replay') === 'refused' || found('replay') === 'in-progress')
		exceptions.push('that a repeat is refused instead of answered');
	if (several('two-at-once') || several('twenty-at-once')) exceptions.push('while the first request still runs');
	if (found('two-at-once') === 'locked' || found('twenty-at-once') === 'locked')
		exceptions.push('after requests at once (the key stays locked)');
	if (several('lost-response')) exceptions.push('after a lost response');
	if (found('lost-response') === 'locked') exceptions.push('after a lost response (the key stays locked)');
	if (several('client-abort')) exceptions.push('after an abort');
	if (found('client-abort') === 'locked') exceptions.push('after an abort (the key stays locked)');
	if (several('error-then-retry')) exceptions.push('after a 5xx (it is executed again)');
	if (found('error-then-retry') === 'locked') exceptions.push('after a 5xx (the key stays locked)');
	if (several('members-reordered')) exceptions.push('with members in another order');
	return exceptions;
}

/** What decides, and was not decided. */
function undecided(findings: Findings): string[] {
	const places: ReadonlyArray<readonly [CheckId, string]> = [
		['two-at-once', 'for two requests at once'],
		['twenty-at-once', 'for twenty at once'],
		['lost-response', 'after a lost response'],
		['client-abort', 'after an abort'],
	];
	return places.filter(([check]) => findings.get(check)?.found !== 'one-effect').map(([, place]) => place);
}

/** Which requirements are met. What is not known is not met. */
export function metBy(findings: Findings, verdict: Verdict, shoulds: readonly Should[]): Record<Requirement, boolean> {
	const is = (check: CheckId, ...found: ReadonlyArray<Finding['found']>) => {
		const finding = findings.get(check);
		return finding !== undefined && found.includes(finding.found);
	};
	const met: Record<Requirement, () => boolean> = {
		safe: () => verdict.safe === 'yes',
		replay: () => is('replay', 'replayed', 'same-resource'),
		concurrent: () => is('two-at-once', 'one-effect') && is('twenty-at-once', 'one-effect'),
		lost: () => is('lost-response', 'one-effect') && is('client-abort', 'one-effect'),
		errors: () => is('error-then-retry', 'saved', 'unknown'),
		mismatch: () => is('other-payload', 'refused'),
		scoped: () => is('two-credentials', 'scoped'),
		draft: () => shoulds.every(({holds}) => holds === true),
	};
	return Object.fromEntries(requirements.map(name => [name, met[name]()])) as Record<Requirement, boolean>;
}
