import {isRefusal, isSuccess, replayMarkerOf, sameEffect} from '../answers.ts';
import type {Check, Finding, Lab} from '../check.ts';
import {effectsOf, judgeRepeat, limited, statusOf} from '../repeat.ts';

/** The second call under another key shows whether answers tell effects apart. */
export const anotherKey: Check = {
	id: 'another-key',
	title: 'another key',
	requests: 2,
	effects: 2,
	async run(lab) {
		const {operation, answer} = lab.first;
		const other = lab.newOperation(operation);
		const seen = await lab.send(other);
		const counted = await lab.counted();
		if (isRefusal(seen)) return withUniqueParts(lab, counted);
		if (!isSuccess(seen)) return {found: 'no-answer', says: `nothing to compare: ${statusOf(seen)}`, effects: counted};
		const keys = [operation.key, other.key];
		const tellsApart = !sameEffect(answer, seen, keys);
		if (counted === 0)
			return {found: 'same-key', says: 'no new effect: the key is not what tells requests apart', effects: 0};
		if (counted !== undefined && counted > 1)
			return {found: 'unclear', says: `${counted} effects: somebody else must be using the endpoint`, tellsApart};
		if (tellsApart || counted === 1)
			return {found: 'another-effect', says: 'another effect, as it should be', effects: 1, tellsApart};
		return {found: 'answers-alike', says: 'the same answer: answers do not tell effects apart', tellsApart};
	},
};

/** Something besides the key must be unique, perhaps where `{{uuid}}` stands. */
async function withUniqueParts(lab: Lab, counted: number | undefined): Promise<Finding> {
	const {operation, answer} = lab.first;
	const fresh = lab.newOperation();
	const seen = await lab.send(fresh);
	const more = await lab.counted();
	const own = [operation, fresh].flatMap(({key, uuid}) => [key, uuid]);
	return {
		found: 'refused',
		says: 'refused: something else in the request must be unique',
		effects: counted === undefined || more === undefined ? undefined : counted + more,
		tellsApart: isSuccess(seen) && !sameEffect(answer, seen, own),
	};
}

export const replay: Check = {
	id: 'replay',
	title: 'replay',
	requests: 1,
	effects: 1,
	async run(lab) {
		const {operation, answer} = lab.first;
		const seen = await lab.send(operation);
		const counted = await lab.counted();
		const repeat = judgeRepeat(lab, answer, seen, [operation.key], counted);
		const marker = replayMarkerOf(seen);
		const says = {
			replayed: `the first answer again${marker === undefined ? ', not marked' : `, marked by ${marker}`}`,
			'same-resource': 'no new effect, but another answer than the first one',
			'executed-again': 'a second effect: the key is not honoured',
			'in-progress': `${statusOf(seen)} for what is done`,
			refused: `refused with ${statusOf(seen)}: no repeat gets the first answer`,
			failed: `failed with ${statusOf(seen)}`,
			'no-answer': `no answer: ${statusOf(seen)}`,
			unclear: isSuccess(seen) ? 'an answer that every effect could have: give --count' : limited(seen),
		}[repeat];
		return {found: repeat, says, effects: effectsOf(repeat, counted)};
	},
};
