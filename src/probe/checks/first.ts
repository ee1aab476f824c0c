import {isRefusal, replayMarkerOf} from '../answers.ts';
import type {Check, Finding, Lab} from '../check.ts';
import {effectsOf, judgeRepeat, statusOf} from '../repeat.ts';

/** The second call under another key shows whether answers tell effects apart. */
export const anotherKey: Check = {
	id: 'another-key',
	title: 'another key',
	requests: 1,
	effects: 1,
	async run(lab) {
		const {operation, answer} = lab.first;
		const other = lab.newOperation(operation);
		const seen = await lab.send(other);
		const counted = await lab.counted();
		const repeat = judgeRepeat({...lab, tellsApart: true}, answer, seen, [operation.key, other.key], counted);
		if (repeat === 'executed-again')
			return {found: 'another-effect', says: 'another effect, as it should be', effects: 1};
		if (repeat === 'replayed' || repeat === 'same-resource')
			return counted === 0
				? {found: 'same-key', says: 'no new effect: the key is not what tells requests apart', effects: 0}
				: {found: 'answers-alike', says: 'the same answer: answers do not tell effects apart'};
		return isRefusal(seen)
			? {found: 'refused', says: 'refused: something else in the request must be unique', effects: counted}
			: {found: 'no-answer', says: `nothing to compare: ${statusOf(seen)}`, effects: counted};
	},
};

export const replay: Check = {
	id: 'replay',
	title: 'replay',
	requests: 1,
	effects: 1,
	async run(lab) {
		return repeated(lab, {});
	},
};

async function repeated(lab: Lab, variant: Parameters<Lab['send']>[1]): Promise<Finding> {
	const {operation, answer} = lab.first;
	const seen = await lab.send(operation, variant);
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
		unclear: 'the same answer, but every effect has the same one: give --count',
	}[repeat];
	return {found: repeat, says, effects: effectsOf(repeat, counted)};
}
