import {effectsIn, isLimited, isServerError, isSuccess, mayBeInProgress, replayMarkerOf} from '../answers.ts';
import {polls, type Check, type Finding, type Lab} from '../check.ts';
import type {Seen} from '../exchange.ts';
import {limited, statusOf} from '../repeat.ts';
import type {Operation} from '../requests.ts';

/** The server has answered, and the client has not heard it: where most double charges come from. */
export const lostResponse: Check = {
	id: 'lost-response',
	title: 'lost response',
	requests: 1 + polls,
	effects: 1 + polls,
	async run(lab) {
		const operation = lab.newOperation();
		const {seen, kept} = await lab.sendAndLose(operation);
		if (seen.kind === 'answer') return {found: 'unclear', says: `the answer was not lost: ${statusOf(seen)}`};
		const retry = await lab.sendUntilDone(operation);
		return afterSilence(lab, operation, kept, retry);
	},
};

/** The client gives up while the server works. */
export const clientAbort: Check = {
	id: 'client-abort',
	title: 'client abort',
	requests: 1 + polls,
	effects: 1 + polls,
	async run(lab) {
		const operation = lab.newOperation();
		const seen = await lab.sendAndAbort(operation);
		if (seen.kind === 'answer') {
			await lab.counted();
			return {found: 'unclear', says: `the answer came before the abort: ${statusOf(seen)}`};
		}

		const retry = await lab.sendUntilDone(operation);
		return afterSilence(lab, operation, undefined, retry);
	},
};

async function afterSilence(lab: Lab, operation: Operation, kept: Seen | undefined, retry: Seen): Promise<Finding> {
	const counted = await lab.counted();
	const known = kept !== undefined && isSuccess(kept) ? [kept] : [];
	const told = known.length > 0 && isSuccess(retry) && lab.tellsApart;
	const effects = counted ?? (told ? effectsIn([...known, retry], [operation.key]) : undefined);
	if (effects !== undefined && effects > 1)
		return {found: 'several-effects', says: `${effects} effects: the retry is executed again`, effects};
	if (isLimited(retry)) return {found: 'unclear', says: limited(retry), effects};
	if (mayBeInProgress(retry)) return {found: 'locked', says: `the key stays at ${statusOf(retry)}`, effects};
	if (isServerError(retry)) return {found: 'failed', says: `the retry fails with ${statusOf(retry)}`, effects};
	if (!isSuccess(retry)) return {found: 'refused', says: `the retry gets ${statusOf(retry)}`, effects};
	if (effects !== undefined) return {found: 'one-effect', says: 'one effect, and the retry gets its answer', effects};
	if (replayMarkerOf(retry) !== undefined)
		return {found: 'one-effect', says: 'the retry gets a replay', effects: undefined};
	return {found: 'unclear', says: `the retry gets ${statusOf(retry)}; effects not known: give --count`};
}
