import {replayMarkerOf, retryAfterOf} from './answers.ts';
import type {Observation} from './check.ts';
import type {Result} from './probe.ts';
import {shownUrl, type Redactor} from './redact.ts';
import type {Requirement, Settings} from './settings.ts';

/** The shape is documented in docs/probe.md; members may be added, none is taken away. No bodies, and no keys. */
export function jsonReport(
	settings: Settings,
	result: Result,
	met: Readonly<Record<Requirement, boolean>>,
	redact: Redactor,
): string {
	const {plan, findings, observations, dialect, shoulds, traps, verdict} = result;
	const report = {
		latchkeyProbe: 1,
		target: {url: redact(shownUrl(settings.url)), method: settings.method, keyHeader: settings.keyHeader ?? null},
		plan: {requests: plan.requests, effects: plan.effects},
		sent: observations.length,
		checks: [...findings].map(([check, {found, says, effects}]) => ({
			check,
			found,
			says,
			effects: effects ?? null,
			exchanges: observations
				.filter(observation => observation.check === check)
				.map(observation => exchangeJson(observation, redact)),
		})),
		leftOut: plan.leftOut.map(({check, because}) => ({check: check.id, because})),
		dialect: dialect ?? null,
		draft: shoulds.map(({rule, says, holds}) => ({rule, says, holds: holds ?? null})),
		traps,
		verdict,
		required: settings.require.map(name => ({name, met: met[name]})),
	};
	return `${JSON.stringify(report, null, 2)}\n`;
}

function exchangeJson({operation, variant, delivery, seen}: Observation, redact: Redactor) {
	const retryAfter = retryAfterOf(seen);
	return {
		operation: operation.label,
		key: variant.key ?? 'plain',
		body: variant.body ?? 'body',
		caller: variant.caller ?? 'a',
		delivery,
		status: seen.kind === 'answer' ? seen.status : null,
		failure: seen.kind === 'failure' ? seen.reason : null,
		cut: seen.kind === 'answer' && seen.cut,
		replayMarker: replayMarkerOf(seen) ?? null,
		retryAfter: retryAfter === undefined ? null : redact(retryAfter),
		ms: seen.ms,
	};
}
