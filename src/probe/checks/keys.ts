import {effectsIn, isRefusal, isSuccess, mayBeInProgress, speaksOfKeys} from '../answers.ts';
import type {Check, CheckId, Lab} from '../check.ts';
import type {Seen} from '../exchange.ts';
import {effectsOf, judgeRepeat, statusOf} from '../repeat.ts';
import type {KeyKind} from '../requests.ts';

/** The key of the first call, written in another way. */
function spelled(id: CheckId, title: string, key: KeyKind): Check {
	return {
		id,
		title,
		requests: 1,
		effects: 1,
		async run(lab) {
			const {operation, answer} = lab.first;
			const seen = await lab.send(operation, {key});
			const counted = await lab.counted();
			const keys = [operation.key, operation.key.toUpperCase()];
			const repeat = judgeRepeat(lab, answer, seen, keys, counted);
			const effects = effectsOf(repeat, counted);
			if (repeat === 'executed-again') return {found: 'another-key', says: 'is another key', effects};
			if (repeat === 'replayed' || repeat === 'same-resource')
				return {found: 'same-key', says: 'is the same key', effects};
			if (isRefusal(seen) && !mayBeInProgress(seen))
				return {found: 'refused', says: `refused with ${statusOf(seen)}`, effects};
			return {found: repeat, says: `not clear: ${statusOf(seen)}`, effects};
		},
	};
}

export const quotedKey: Check = spelled('quoted-key', 'key in quotes', 'quoted');
export const upperCaseKey: Check = spelled('upper-case-key', 'key in upper case', 'upper-case');

export const twoCredentials: Check = {
	id: 'two-credentials',
	title: 'two credentials',
	requests: 1,
	effects: 1,
	leftOut: ({headersB}) => (headersB.length === 0 ? 'give --headers-b' : undefined),
	async run(lab) {
		const {operation, answer} = lab.first;
		const seen = await lab.send(operation, {caller: 'b'});
		const counted = await lab.counted();
		const repeat = judgeRepeat(lab, answer, seen, [operation.key], counted);
		const effects = effectsOf(repeat, counted);
		if (repeat === 'executed-again') return {found: 'scoped', says: 'each has keys of its own', effects};
		if (repeat === 'replayed' || repeat === 'same-resource')
			return {found: 'shared', says: 'the second caller gets the answer of the first', effects};
		if (isRefusal(seen) && ([409, 422].includes(seen.status) || speaksOfKeys(seen)))
			return {found: 'refused', says: `${statusOf(seen)}: the key is taken for every caller`, effects};
		if (isRefusal(seen))
			return {found: 'not-accepted', says: `${statusOf(seen)}: the second caller is not let in`, effects};
		return {found: repeat, says: `not clear: ${statusOf(seen)}`, effects};
	},
};

export const missingKey: Check = {
	id: 'missing-key',
	title: 'missing key',
	requests: 1,
	effects: 1,
	async run(lab) {
		const seen = await lab.send(lab.newOperation(), {key: 'missing'});
		const counted = await lab.counted();
		if (isSuccess(seen)) return {found: 'accepted', says: 'accepted without a word', effects: counted ?? 1};
		return refusedOr(seen, counted);
	},
};

/** Two keys that are one for a server that does not look closely. */
async function pair(lab: Lab, keys: readonly [KeyKind, KeyKind]) {
	const operation = lab.newOperation();
	const one = await lab.send(operation, {key: keys[0]});
	if (!isSuccess(one)) return {one, effects: await lab.counted()};
	const other = await lab.send(operation, {key: keys[1]});
	const counted = await lab.counted();
	const effects =
		counted ?? (isSuccess(other) && lab.tellsApart ? effectsIn([one, other], [operation.key]) : undefined);
	return {one, other, effects};
}

export const emptyKey: Check = {
	id: 'empty-key',
	title: 'empty key',
	requests: 2,
	effects: 2,
	async run(lab) {
		const {one, other, effects} = await pair(lab, ['empty', 'empty']);
		if (other === undefined) return refusedOr(one, effects);
		if (effects === undefined) return {found: 'unclear', says: `accepted: ${statusOf(one)}, ${statusOf(other)}`};
		if (effects > 1) return {found: 'accepted', says: 'taken for no key: every request is executed', effects};
		return {found: 'shared', says: 'one key that all requests with an empty key share', effects};
	},
};

export const longKey: Check = {
	id: 'long-key',
	title: 'key of 300 characters',
	requests: 2,
	effects: 2,
	async run(lab) {
		const {one, other, effects} = await pair(lab, ['long', 'long-other-end']);
		if (other === undefined) return refusedOr(one, effects);
		if (effects === undefined) return {found: 'unclear', says: `accepted: ${statusOf(one)}, ${statusOf(other)}`};
		if (effects > 1) return {found: 'accepted', says: 'accepted whole', effects};
		if (isSuccess(other)) return {found: 'truncated', says: 'cut: two long keys with one beginning are one', effects};
		return {found: 'unclear', says: `not clear: ${statusOf(other)}`, effects};
	},
};

function refusedOr(seen: Seen, effects: number | undefined) {
	if (isRefusal(seen))
		return {found: 'refused', says: `refused with ${statusOf(seen)}`, effects: effects ?? 0} as const;
	if (seen.kind === 'failure') return {found: 'no-answer', says: `no answer: ${statusOf(seen)}`, effects} as const;
	return {found: 'failed', says: `failed with ${statusOf(seen)}`, effects} as const;
}
