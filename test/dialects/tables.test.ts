import {describe, expect, test} from 'vitest';
import {shipped} from './all.ts';
import {answerOf} from '../../src/attempt/answer.ts';
import {verdictOfAnswer, type Context, type Meaning, type Verdict} from '../../src/attempt/verdict.ts';
import {answerAs, replayOf} from '../../src/dialects/answers.ts';
import type {Dialect} from '../../src/dialects/dialect.ts';
import type {Exchange, Means} from '../../src/dialects/index.ts';
import {again, doubtful, first, whole} from '../attempt/answers.ts';

const cases = shipped.flatMap(({code, dialect, profile}) =>
	profile.exchanges.flatMap(row =>
		[row.status].flat().map(status => ({
			name: `${code}: ${status} ${row.text ?? JSON.stringify(row.body ?? row.headers ?? '')}`,
			dialect,
			profile,
			row: {...row, status},
		})),
	),
);

const of = (...means: readonly Means[]) => cases.filter(({row}) => means.includes(row.means));

async function verdictOf(dialect: Dialect, response: Response, context: Partial<Context>): Promise<Verdict> {
	const {answer} = await answerOf(response, true);
	return verdictOfAnswer(answer, {...whole, dialect, ...context});
}

const read = async (dialect: Dialect, row: Exchange, context: Partial<Context>) =>
	verdictOf(dialect, answerAs(row), context);

describe('a server that still works on the first request is waited for, whatever went before', () => {
	test.each(of('in-progress'))('$name', async ({dialect, row}) => {
		for (const context of [first, again, doubtful])
			expect(await read(dialect, row, context)).toMatchObject({meaning: 'in-progress', next: 'poll', ambiguous: true});
	});
});

describe('another payload under the key is told on a first attempt only', () => {
	test.each(of('mismatched'))('$name', async ({dialect, row}) => {
		expect(await read(dialect, row, first)).toMatchObject({meaning: 'mismatched', next: 'end'});
		for (const context of [again, doubtful, {...first, foreign: true}])
			expect(await read(dialect, row, context)).toMatchObject({meaning: 'unsettled', next: 'end', ambiguous: true});
	});
});

describe('what says only that the key was used settles nothing, and is never a refusal', () => {
	test.each(of('key-used', 'failed-before', 'outcome-unknown'))('$name', async ({dialect, row}) => {
		for (const context of [first, again, doubtful])
			expect(await read(dialect, row, context)).toMatchObject({meaning: 'unsettled', next: 'end', ambiguous: true});
	});
});

describe('what was done already has succeeded under this very random key, and is unknown otherwise', () => {
	test.each(of('already-done'))('$name', async ({dialect, row}) => {
		for (const context of [first, again, doubtful]) {
			const ours = row.anyKey ? 'unsettled' : 'succeeded';
			expect(await read(dialect, row, context)).toMatchObject({meaning: ours, next: 'end', exists: {}});
			for (const other of [{foreign: true}, {unchanged: false}])
				expect(await read(dialect, row, {...context, ...other})).toMatchObject({
					meaning: 'unsettled',
					ambiguous: true,
					exists: {},
				});
		}
	});
});

describe('what is not finished is pending, whatever went before', () => {
	test.each(of('pending'))('$name', async ({dialect, profile, row}) => {
		for (const context of [first, again, doubtful])
			expect(await read(dialect, row, context)).toMatchObject({meaning: 'pending', next: 'end', ambiguous: true});
		expect(await verdictOf(dialect, replayOf(profile, answerAs(row)), doubtful)).toMatchObject({meaning: 'pending'});
	});
});

describe('a missing, malformed or expired key is a refusal at first, and after a lost answer nothing', () => {
	test.each(of('key-missing', 'key-malformed', 'expired'))('$name', async ({dialect, row}) => {
		expect(await read(dialect, row, first)).toMatchObject({meaning: 'refused', next: 'end', binding: false});
		expect(await read(dialect, row, doubtful)).toMatchObject({meaning: 'unsettled', next: 'end', ambiguous: true});
	});
});

describe('a refusal settles after a lost answer only where it is saved', () => {
	test.each(of('refused'))('$name', async ({dialect, row}) => {
		const settles: Meaning = row.saved ? 'refused' : 'unsettled';
		expect(await read(dialect, row, first)).toMatchObject({meaning: 'refused'});
		expect(await read(dialect, row, doubtful)).toMatchObject({meaning: settles});
	});
});

describe('a failure is tried again under the same key', () => {
	test.each(of('failed'))('$name', async ({dialect, row}) => {
		for (const context of [first, again, doubtful])
			expect(await read(dialect, row, context)).toMatchObject({meaning: 'failed', next: 'retry', ambiguous: true});
	});
});

describe('what is marked as a replay is final', () => {
	const settled = {201: 'succeeded', 400: 'refused', 500: 'unsettled'} as const;

	test.each(of('replayed'))('$name', async ({dialect, row}) => {
		const response = answerAs(row);
		const meaning = settled[response.status as keyof typeof settled];
		expect(await verdictOf(dialect, response, doubtful)).toMatchObject({meaning, next: 'end', replayed: true});
	});

	const marking = shipped.filter(({profile}) => profile.replayMarker !== undefined);
	test.each(marking)('$code marks it so, and a first answer not', async ({dialect, profile}) => {
		const created = () => Response.json({id: 1}, {status: 201});
		expect(await verdictOf(dialect, created(), doubtful)).toMatchObject({meaning: 'succeeded', replayed: false});
		const replay = replayOf(profile, created());
		expect(await verdictOf(dialect, replay, doubtful)).toMatchObject({meaning: 'succeeded', replayed: true});
		const failed = replayOf(profile, Response.json({}, {status: 503}));
		expect(await verdictOf(dialect, failed, doubtful)).toMatchObject({meaning: 'unsettled', final: true});
		const unmarked = Response.json({id: 1}, {status: 201, headers: {[String(profile.replayMarker)]: 'false'}});
		expect(await verdictOf(dialect, unmarked, doubtful)).toMatchObject({replayed: false});
	});
});

test('every meaning is read by some test', () => {
	const tested = of(
		'in-progress',
		'mismatched',
		'key-used',
		'already-done',
		'pending',
		'failed-before',
		'outcome-unknown',
		'key-missing',
		'key-malformed',
		'expired',
		'refused',
		'failed',
		'replayed',
	);
	expect(cases.length).toBeGreaterThan(60);
	expect(cases.filter(one => !tested.includes(one))).toEqual([]);
});

describe('backwards, an answer is read by its own row and by no earlier one', () => {
	test.each(cases)('$name', async ({dialect, profile, row}) => {
		const {answer} = await answerOf(answerAs(row), true);
		expect(answer.status).toBe(answerAs(row).status);
		const own = profile.exchanges.filter(({means, anyKey}) => means === row.means && anyKey === row.anyKey);
		const {answer: least} = await answerOf(answerAs(own[0] ?? row), true);
		expect(dialect.read?.(answer, 'key-1')).toEqual(dialect.read?.(least, 'key-1'));
	});
});

describe('what every dialect does alike', () => {
	const saving = shipped.filter(({profile}) => profile.saves !== 'everything' && profile.name !== 'stripe');

	test.each(shipped)('$code: a success succeeds', async ({dialect}) => {
		const created = Response.json({id: 1}, {status: 201});
		expect(await verdictOf(dialect, created, first)).toMatchObject({meaning: 'succeeded', binding: true});
	});

	test.each(shipped)('$code: a lost answer is not settled by a 401, 403 or 429', async ({dialect}) => {
		for (const status of [401, 403])
			expect(await verdictOf(dialect, new Response('', {status}), doubtful)).toMatchObject({meaning: 'unsettled'});
		expect(await verdictOf(dialect, new Response('', {status: 429}), doubtful)).toMatchObject({
			meaning: 'not-processed',
		});
	});

	test.each(saving)('$code: a 5xx is not held for saved', async ({dialect}) => {
		const {answer} = await answerOf(new Response('', {status: 500}), true);
		expect(dialect.saves?.(answer) ?? false).toBe(false);
	});

	test.each(shipped)(
		'$code: an answer that is all of the dialects’ words and none of its own is no mismatch',
		async one => {
			const others = shipped.filter(({profile}) => profile.name !== one.profile.name);
			const running = others.flatMap(({profile}) => profile.exchanges.filter(({means}) => means === 'in-progress'));
			const verdicts = await Promise.all(running.map(async row => read(one.dialect, row, first)));
			expect(verdicts.filter(({meaning}) => meaning === 'mismatched')).toEqual([]);
		},
	);
});
