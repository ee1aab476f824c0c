import {bestDialect, knownOf, type Fit} from './best-dialect.ts';
import type {Check, CheckId, Finding, Lab, Observation} from './check.ts';
import {checks as allChecks} from './checks/index.ts';
import type {Clock} from './clock.ts';
import {startCounter} from './count.ts';
import {shouldsOf, type Should} from './draft.ts';
import type {Answer, Failure, Seen} from './exchange.ts';
import {openBench} from './lab.ts';
import {saysLive} from './live.ts';
import {planOf, type Plan} from './plan.ts';
import {profiles as knownProfiles, type Profile} from './profiles.ts';
import {statusOf} from './repeat.ts';
import type {Settings} from './settings.ts';
import {NotProbed} from './stops.ts';
import {trapsIn, type Trap} from './traps.ts';
import {verdictOf, type Verdict} from './verdict.ts';

export type Result = {
	readonly plan: Plan;
	/** In the order in which they were made. */
	readonly findings: ReadonlyMap<CheckId, Finding>;
	readonly observations: readonly Observation[];
	readonly dialect: Fit | undefined;
	readonly shoulds: readonly Should[];
	readonly traps: readonly Trap[];
	readonly verdict: Verdict;
};

export type Progress = (line: {
	readonly id: CheckId;
	readonly title: string;
	readonly finding: Finding;
	readonly observations: readonly Observation[];
}) => void;

type Options = {
	readonly settings: Settings;
	readonly clock: Clock;
	readonly progress: Progress;
	readonly profiles?: readonly Profile[];
};

/**
 * Sends, and says what it saw.
 *
 * @throws {NotProbed} when the first call does not succeed.
 * @throws {Misuse} when nothing can be counted by `--count`.
 */
export async function probe({settings, clock, progress, profiles = knownProfiles}: Options): Promise<Result> {
	const plan = planOf(settings, allChecks);
	const findings = new Map<CheckId, Finding>();
	const bench = openBench(settings, clock, () => {});
	const counter = await startCounter(settings, clock);

	function note(check: Pick<Check, 'id' | 'title'>, finding: Finding): void {
		findings.set(check.id, finding);
		const observations = bench.observations.filter(observation => observation.check === check.id);
		progress({id: check.id, title: check.title, finding, observations});
	}

	const operation = bench.newOperation();
	const answer = firstAnswer(await bench.send(operation));
	const unit = await counter.counted(true);
	const counts = unit !== undefined && unit > 0;
	note({id: 'first-call', title: 'first call'}, firstFinding(answer, unit));

	for (const check of plan.checks) {
		const lab: Lab = {
			...bench,
			settings,
			findings,
			first: {operation, answer},
			tellsApart: findings.get('another-key')?.tellsApart === true,
			// What counts rows may count two for one order.
			counted: async () => {
				const raw = await counter.counted();
				return counts && raw !== undefined ? Math.max(0, Math.round(raw / unit)) : undefined;
			},
			pause: clock.pause,
			now: clock.now,
		};
		bench.begin(check.id);
		const ignored = findings.get('replay')?.found === 'executed-again' && !worthIt.has(check.id);
		note(check, ignored ? {found: 'skipped', says: 'not made: the key is ignored'} : await check.run(lab));
	}

	const {observations} = bench;
	const known = knownOf(observations, findings);
	return {
		plan,
		findings,
		observations,
		dialect: bestDialect(known, profiles, settings.keyHeader),
		shoulds: shouldsOf({observations, findings}),
		traps: trapsIn({observations, findings}),
		verdict: verdictOf(findings, counts ? 'count' : 'answers'),
	};
}

/** Where keys are ignored, all others would only make more effects. */
const worthIt: ReadonlySet<CheckId> = new Set(['missing-key']);

function firstAnswer(seen: Seen): Answer {
	const needed = 'the probe needs a request that succeeds';
	if (seen.kind === 'failure')
		throw new NotProbed(`the first call got no answer (${statusOf(seen)}${codeOf(seen)}): ${needed}`);
	const {status} = seen;
	if (status < 200 || status > 299) {
		const redirect = status < 400 ? ', which is not followed' : '';
		throw new NotProbed(`the first call was answered with ${status}${redirect}: ${needed}`);
	}

	if (saysLive(seen.body)) throw new NotProbed('the server says that this was live, not a test: nothing more was sent');
	return seen;
}

/** As the runtime names it: ECONNREFUSED, ENOTFOUND, CERT_HAS_EXPIRED. The rest may hold what is not for printing. */
function codeOf({detail}: Failure): string {
	const code = /^[A-Z][A-Z\d_]+(?= )/.exec(detail)?.[0];
	return code === undefined ? '' : `, ${code}`;
}

function firstFinding(answer: Answer, unit: number | undefined): Finding {
	const says = statusOf(answer);
	if (unit === undefined) return {found: 'succeeded', says: `succeeded with ${says}`};
	if (unit > 0) return {found: 'succeeded', says: `succeeded with ${says}, and the count rose by ${unit}`, effects: 1};
	return {found: 'succeeded', says: `succeeded with ${says}, but the count did not rise: it is not used`};
}
