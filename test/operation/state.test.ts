import * as fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {precedence, transition, type State} from '../../src/operation/state.ts';

const states = {
	free: undefined,
	sending: {status: 'sending'},
	succeeded: {status: 'succeeded', httpStatus: 200},
	said: {status: 'succeeded', said: true},
	refused: {status: 'refused', httpStatus: 402},
	mismatched: {status: 'mismatched', httpStatus: 422},
	unknown: {status: 'unknown'},
	final: {status: 'unknown', final: true},
	unprocessed: {status: 'unprocessed', httpStatus: 401},
} as const satisfies Record<string, State | undefined>;

const events = {
	begin: {status: 'sending'},
	succeed: {status: 'succeeded', httpStatus: 201},
	refuse: {status: 'refused', httpStatus: 403},
	mismatch: {status: 'mismatched', httpStatus: 409},
	doubt: {status: 'unknown'},
	finalDoubt: {status: 'unknown', final: true},
	say: {status: 'succeeded', said: true},
	turnAway: {status: 'unprocessed'},
} as const satisfies Record<string, State>;

const {succeed: succeeded, refuse: refused, mismatch: mismatched} = events;
const {sending, said, unknown, final} = states;
const unprocessed = events.turnAway;
const illegal = 'illegal';
const same = 'same';

type Row = Record<keyof typeof events, State | 'illegal' | 'same'>;

const table: Record<keyof typeof states, Row> = {
	free: {
		begin: sending,
		succeed: illegal,
		refuse: illegal,
		mismatch: illegal,
		doubt: illegal,
		finalDoubt: illegal,
		say: illegal,
		turnAway: illegal,
	},
	sending: {
		begin: sending,
		succeed: succeeded,
		refuse: refused,
		mismatch: mismatched,
		doubt: unknown,
		finalDoubt: final,
		say: said,
		turnAway: unprocessed,
	},
	succeeded: {
		begin: illegal,
		succeed: same,
		refuse: same,
		mismatch: same,
		doubt: same,
		finalDoubt: same,
		say: same,
		turnAway: same,
	},
	said: {
		begin: illegal,
		succeed: succeeded,
		refuse: same,
		mismatch: same,
		doubt: same,
		finalDoubt: same,
		say: same,
		turnAway: same,
	},
	refused: {
		begin: sending,
		succeed: succeeded,
		refuse: same,
		mismatch: same,
		doubt: same,
		finalDoubt: same,
		say: said,
		turnAway: same,
	},
	mismatched: {
		begin: illegal,
		succeed: succeeded,
		refuse: same,
		mismatch: same,
		doubt: same,
		finalDoubt: same,
		say: said,
		turnAway: same,
	},
	unknown: {
		begin: sending,
		succeed: succeeded,
		refuse: refused,
		mismatch: illegal,
		doubt: same,
		finalDoubt: final,
		say: said,
		turnAway: same,
	},
	final: {
		begin: illegal,
		succeed: succeeded,
		refuse: refused,
		mismatch: illegal,
		doubt: same,
		finalDoubt: same,
		say: said,
		turnAway: same,
	},
	unprocessed: {
		begin: sending,
		succeed: succeeded,
		refuse: refused,
		mismatch: illegal,
		doubt: unknown,
		finalDoubt: final,
		say: said,
		turnAway: unprocessed,
	},
};

const pairs = Object.entries(table).flatMap(([state, row]) =>
	Object.entries(row).map(([event, next]) => ({
		state: state as keyof typeof states,
		event: event as keyof typeof events,
		next,
	})),
);

describe('transition', () => {
	test('the table has every pair of a state and an event', () => {
		expect(pairs).toHaveLength(9 * 8);
	});

	test.each(pairs.filter(({next}) => next !== illegal))('$state and $event: $next', ({state, event, next}) => {
		const before = states[state];
		expect(transition(before, events[event], 'pay')).toEqual(next === same ? before : next);
	});

	test.each(pairs.filter(({next}) => next === illegal))('$state cannot $event', ({state, event}) => {
		const {status} = events[event];
		expect(() => transition(states[state], events[event], 'pay')).toThrow(
			new RegExp(`operation pay cannot become ${status} when it is ${states[state]?.status ?? 'free'}`),
		);
	});

	test('an outcome that comes without an HTTP status has none', () => {
		expect(transition(sending, {status: 'succeeded'}, 'pay')).toEqual({status: 'succeeded'});
		expect(transition(sending, {status: 'unknown'}, 'pay')).toEqual({status: 'unknown'});
	});
});

const anyEvent = fc.constantFrom(...(Object.values(events) as State[]));

/** The states that an operation goes through; an illegal event changes nothing. */
function walk(first: State | undefined, sequence: readonly State[]): Array<State | undefined> {
	const passed = [first];
	for (const event of sequence) {
		const state = passed.at(-1);
		try {
			passed.push(transition(state, event, 'pay'));
		} catch {
			passed.push(state);
		}
	}

	return passed;
}

describe('any sequence of events', () => {
	const sequences = fc.array(anyEvent, {maxLength: 30});

	// Invariant 6
	test('succeeded is never left', () => {
		fc.assert(
			fc.property(sequences, sequence => {
				const passed = walk(states.succeeded, sequence);
				expect(passed.every(state => state === states.succeeded)).toBe(true);
			}),
		);
	});

	// Invariant 4
	test('a doubt ends only when somebody knows better: by succeed or refuse, or by a new beginning under its key', () => {
		fc.assert(
			fc.property(sequences, sequence => {
				const knowing = new Set(['succeeded', 'refused', 'sending']);
				const passed = walk(
					states.unknown,
					sequence.filter(({status}) => !knowing.has(status)),
				);
				expect(new Set(passed.map(state => state?.status))).toEqual(new Set(['unknown']));
			}),
		);
	});

	// Invariant 8
	test('a final doubt is left by succeed and refuse alone', () => {
		fc.assert(
			fc.property(sequences, sequence => {
				const silent = sequence.filter(({status}) => status !== 'succeeded' && status !== 'refused');
				expect(walk(states.final, silent).at(-1)).toEqual(states.final);
			}),
		);
	});

	// Invariant 11
	test('without a new beginning, what is known of the outcome only grows', () => {
		// What is on its way may turn out never to have been sent.
		const ended = Object.values(states).filter(state => state !== undefined && state.status !== 'sending');
		fc.assert(
			fc.property(fc.constantFrom(...ended), sequences, (first, sequence) => {
				const passed = walk(
					first,
					sequence.filter(({status}) => status !== 'sending'),
				);
				const precedences = passed.map(state => (state === undefined ? 0 : precedence(state)));
				expect(precedences).toEqual(precedences.toSorted((one, other) => one - other));
			}),
		);
	});
});

test('success is stronger than a refusal or a mismatch, and these are stronger than what is open', () => {
	const {succeeded, said, refused, mismatched, unknown, sending, final, unprocessed} = states;
	const ranks = [[sending, unprocessed], [unknown, final], [refused, mismatched], [said], [succeeded]];
	const precedences = ranks.map(states => [...new Set(states.map(precedence))]);
	expect(precedences.map(({length}) => length)).toEqual([1, 1, 1, 1, 1]);
	expect(precedences.flat()).toEqual(precedences.flat().toSorted((one, other) => one - other));
});
