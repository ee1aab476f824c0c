import {isSuccess, mayBeInProgress} from '../answers.ts';
import type {Check, Observation} from '../check.ts';
import {effectsOf, judgeRepeat, statusOf} from '../repeat.ts';
import type {Settings} from '../settings.ts';

const looks = 4;
const notAsked = ({slowFor}: Settings) => (slowFor === 0 ? 'give --slow' : undefined);
const seconds = (milliseconds: number) => `${Math.round(milliseconds / 1000)} s`;

/** A key that was left in progress: when does its lease end, and what happens then? */
export const lapsedLease: Check = {
	id: 'lapsed-lease',
	title: 'lapsed lease',
	requests: looks,
	effects: looks,
	leftOut: notAsked,
	async run(lab) {
		const left = leftInProgress(lab.observations);
		if (left === undefined) return {found: 'not-seen', says: 'no key was left in progress'};
		const start = lab.now();
		for (let look = 0; look < looks; look++) {
			await lab.pause(lab.settings.slowFor / looks);
			const seen = await lab.send(left.operation);
			const effects = await lab.counted();
			const after = seconds(lab.now() - start);
			if (isSuccess(seen)) return {found: 'freed', says: `the key of "${left.check}" is free after ${after}`, effects};
			if (!mayBeInProgress(seen))
				return {found: 'unclear', says: `the key of "${left.check}" gets ${statusOf(seen)} after ${after}`, effects};
		}

		return {found: 'locked', says: `the key of "${left.check}" is in progress after ${seconds(lab.now() - start)}`};
	},
};

function leftInProgress(observations: readonly Observation[]): Observation | undefined {
	const last = new Map<string, Observation>();
	for (const observation of observations) last.set(observation.operation.key, observation);
	const left = ({delivery, seen}: Observation) => delivery === 'whole' && mayBeInProgress(seen);
	const checks = new Set(['client-abort', 'lost-response', 'error-then-retry', 'two-at-once', 'twenty-at-once']);
	return [...last.values()].find(observation => checks.has(observation.check) && left(observation));
}

/** How long the first answer is kept, as far as one is willing to wait. */
export const retention: Check = {
	id: 'retention',
	title: 'retention',
	requests: looks,
	effects: looks,
	leftOut: notAsked,
	async run(lab) {
		const {operation, answer} = lab.first;
		const start = lab.now();
		for (let look = 0; look < looks; look++) {
			await lab.pause(lab.settings.slowFor / looks);
			const seen = await lab.send(operation);
			const counted = await lab.counted();
			const repeat = judgeRepeat(lab, answer, seen, [operation.key], counted);
			const after = seconds(lab.now() - start);
			if (repeat === 'executed-again')
				return {found: repeat, says: `executed again after ${after}`, effects: effectsOf(repeat, counted)};
			if (repeat !== 'replayed' && repeat !== 'same-resource')
				return {found: 'unclear', says: `not clear after ${after}: ${statusOf(seen)}`, effects: counted};
		}

		return {found: 'kept', says: `the first answer is kept for ${seconds(lab.now() - start)} at least`, effects: 0};
	},
};
