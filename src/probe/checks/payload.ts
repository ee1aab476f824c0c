import {isRefusal, isSuccess, speaksOfKeys} from '../answers.ts';
import type {Check} from '../check.ts';
import {effectsOf, judgeRepeat, statusOf} from '../repeat.ts';
import {otherThan, reordered} from '../requests.ts';

export const membersReordered: Check = {
	id: 'members-reordered',
	title: 'members reordered',
	requests: 1,
	effects: 1,
	leftOut: ({body}) =>
		reordered(body) === undefined ? 'the body is no JSON object with members to reorder' : undefined,
	async run(lab) {
		const {operation, answer} = lab.first;
		const seen = await lab.send(operation, {body: 'reordered'});
		const counted = await lab.counted();
		const repeat = judgeRepeat(lab, answer, seen, [operation.key], counted);
		if (repeat === 'replayed' || repeat === 'same-resource')
			return {found: 'replayed', says: 'taken for the same request', effects: 0};
		if (repeat === 'executed-again') return {found: repeat, says: 'a second effect', effects: counted ?? 1};
		if (isRefusal(seen))
			return {found: 'refused', says: `${statusOf(seen)}: taken for another request`, effects: counted};
		return {found: repeat, says: `not clear: ${statusOf(seen)}`, effects: counted};
	},
};

export const otherPayload: Check = {
	id: 'other-payload',
	title: 'other payload',
	requests: 2,
	effects: 2,
	leftOut: ({body, otherBody}) =>
		otherBody === undefined && otherThan(body) === undefined ? 'give --other-body' : undefined,
	async run(lab) {
		const {operation, answer} = lab.first;
		const seen = await lab.send(operation, {body: 'other'});
		const counted = await lab.counted();
		const repeat = judgeRepeat(lab, answer, seen, [operation.key], counted);
		const effects = effectsOf(repeat, counted);
		if (repeat === 'replayed' || (repeat === 'same-resource' && isSuccess(seen)))
			return {found: 'not-compared', says: 'not compared: another payload gets the first answer', effects: 0};
		if (repeat === 'executed-again') return {found: repeat, says: 'a second effect, under the same key', effects};
		if (!isRefusal(seen)) return {found: repeat, says: `not clear: ${statusOf(seen)}`, effects};
		const refused = {found: 'refused', says: `refused with ${statusOf(seen)}`, effects: counted ?? 0} as const;
		if (speaksOfKeys(seen)) return refused;
		// Is it the key that is refused, or the payload itself?
		const alone = await lab.send(lab.newOperation(), {body: 'other'});
		const more = await lab.counted();
		if (isSuccess(alone)) return refused;
		return {
			found: 'unclear',
			says: `${statusOf(seen)}, but under a key of its own the other body gets ${statusOf(alone)}: give --other-body`,
			effects: more,
		};
	},
};
