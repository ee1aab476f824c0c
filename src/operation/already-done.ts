import {withCopy} from '../attempt/answer.ts';
import {answerTo} from '../attempt/ask.ts';
import type {AttemptsResult} from '../attempt/progress.ts';
import type {Finding} from './conclude.ts';
import type {FlightRun} from './flight.ts';
import {lookUp} from './look-up.ts';
import {saidState} from './state.ts';

/**
 * Where the server answered that what was asked for exists already, that is fetched. Made under this very key it is the
 * answer to this request. Otherwise only the caller can tell (`matches`), and until then the outcome is unknown.
 */
export async function withWhatExists(
	run: FlightRun,
	{why, verdict}: AttemptsResult,
	finding: Finding,
): Promise<Finding> {
	if (why !== 'answered' || !verdict?.exists) return finding;
	const {matches, timeout} = run.settings;
	const isOurs = finding.state.status === 'succeeded';
	const {resource} = verdict.exists;
	if (!isOurs && !matches) return finding;
	const found = resource === undefined ? undefined : await lookUp(run, resource).catch(() => undefined);
	const ask = async () => found && matches && withCopy(found, async copy => matches(copy));
	if (!isOurs && (await answerTo(run, ask, timeout).catch(() => undefined)) !== true) return finding;
	// To send the request again would bring the same answer.
	return {state: saidState('succeeded'), binding: finding.binding, found: true, answer: found?.answer};
}
