import {
	isLimited,
	isRefusal,
	isServerError,
	isSuccess,
	isToldUnknown,
	mayBeInProgress,
	replayMarkerOf,
	sameAnswer,
} from '../answers.ts';
import {polls, type Check} from '../check.ts';
import {limited, statusOf} from '../repeat.ts';

/** The same key after a 4xx: the refusal again, and then what should have been sent. */
export const refusalThenRetry: Check = {
	id: 'refusal-then-retry',
	title: '4xx then retry',
	requests: 3,
	effects: 3,
	leftOut: ({body}) => (body === undefined ? 'there is no body to spoil' : undefined),
	async run(lab) {
		const operation = lab.newOperation();
		const refusal = await lab.send(operation, {body: 'refused'});
		if (!isRefusal(refusal))
			return {
				found: 'not-seen',
				says: `no 4xx for a body that makes no sense, but ${statusOf(refusal)}`,
				effects: await lab.counted(),
			};
		const again = await lab.send(operation, {body: 'refused'});
		const mended = await lab.send(operation);
		const effects = await lab.counted();
		if (isSuccess(mended)) return {found: 'freed', says: 'the 4xx is not saved: the key may be used again', effects};
		const saved = replayMarkerOf(again) !== undefined || (isRefusal(mended) && sameAnswer(refusal, mended, []));
		if (saved) return {found: 'saved', says: 'the 4xx is saved under the key', effects};
		if (isRefusal(mended))
			return {found: 'kept', says: `the key belongs to the refused payload (${statusOf(mended)})`, effects};
		return {found: 'unclear', says: `not clear: ${statusOf(again)}, then ${statusOf(mended)}`, effects};
	},
};

/** The same key after a 5xx. */
export const errorThenRetry: Check = {
	id: 'error-then-retry',
	title: '5xx then retry',
	requests: 1 + polls,
	effects: 1 + polls,
	leftOut: ({errorHeaders, errorBody}) =>
		errorHeaders.length === 0 && errorBody === undefined ? 'give --error-header or --error-body' : undefined,
	async run(lab) {
		const {errorBody} = lab.settings;
		const operation = lab.newOperation();
		const body = errorBody === undefined ? 'body' : 'error';
		const error = await lab.send(operation, {body, failing: true});
		const before = await lab.counted();
		if (!isServerError(error))
			return {found: 'not-seen', says: `no 5xx to retry after, but ${statusOf(error)}`, effects: before};
		const retry = await lab.sendUntilDone(operation, {body});
		const after = await lab.counted();
		const effects = before === undefined || after === undefined ? undefined : before + after;
		if (effects !== undefined && effects > 1)
			return {found: 'several-effects', says: `${effects} effects: the 5xx came after one`, effects};
		if (isLimited(retry)) return {found: 'unclear', says: limited(retry), effects};
		if (isToldUnknown(retry)) {
			const says = `told by ${statusOf(retry)} that the outcome of the ${statusOf(error)} is unknown`;
			return {found: 'unknown', says, effects};
		}

		if (mayBeInProgress(retry))
			return {found: 'locked', says: `the key stays at ${statusOf(retry)} after a ${statusOf(error)}`, effects};
		if (replayMarkerOf(retry) !== undefined && isServerError(retry))
			return {found: 'saved', says: `the ${statusOf(error)} is saved, and replayed`, effects};
		if (isSuccess(retry)) return {found: 'executed-again', says: 'not saved: the retry is executed', effects};
		if (after !== undefined && after > 0)
			return {found: 'executed-again', says: 'not saved: the retry is executed, and fails', effects};
		if (isServerError(retry) && sameAnswer(error, retry, [operation.key]))
			return errorBody === undefined
				? {found: 'saved', says: `the ${statusOf(error)} is saved, and given again`, effects}
				: {found: 'unclear', says: `${statusOf(retry)} again: saved, or failed again`, effects};
		return {found: 'unclear', says: `not clear: ${statusOf(retry)} after ${statusOf(error)}`, effects};
	},
};
