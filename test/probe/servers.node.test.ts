import {beforeAll, describe, expect, test} from 'vitest';
import {guard, start, type Treatment} from './guard.ts';
import {everything, findings, reportOn, traps} from './run.ts';

async function probed(treatment: Treatment, ...args: readonly string[]) {
	const shop = guard(treatment);
	await using server = await start(shop.listener);
	const url = `${server.origin}/orders`;
	const report = await reportOn(url, ...everything, ...args.map(arg => arg.replace('{origin}', server.origin)));
	return {report, found: findings(report), traps: traps(report), effects: shop.effects};
}

const counting = ['--count', '{origin}/count'];

describe('an ideal guard', () => {
	test('is safe, holds every SHOULD, and is read as the draft', async () => {
		const {report, found, traps: all, effects} = await probed({}, ...counting);
		expect(report.verdict).toMatchObject({safe: 'yes', sentence: 'safe to retry: yes', by: 'count'});
		expect(report.draft.map(({holds}) => holds)).toEqual([true, true, true, true, true]);
		expect(report.dialect?.name).toBe('ietf');
		expect(found).toEqual({
			'first-call': 'succeeded',
			'another-key': 'another-effect',
			replay: 'replayed',
			'members-reordered': 'refused',
			'other-payload': 'refused',
			'quoted-key': 'another-key',
			'upper-case-key': 'another-key',
			'two-credentials': 'scoped',
			'two-at-once': 'one-effect',
			'twenty-at-once': 'one-effect',
			'missing-key': 'refused',
			'empty-key': 'refused',
			'long-key': 'accepted',
			'refusal-then-retry': 'saved',
			'error-then-retry': 'saved',
			'lost-response': 'one-effect',
			'client-abort': 'one-effect',
		});
		expect(all).toEqual(['order-matters', 'quotes-count', '4xx-saved', '5xx-saved']);
		const told = report.checks.reduce((sum, {effects: seen}) => sum + (seen ?? 0), 0);
		expect(told).toBe(effects);
	});

	test('is safe by answers only, and they tell the same', async () => {
		const [counted, answered] = [await probed({}, ...counting), await probed({})];
		expect(answered.found).toEqual({...counted.found, 'client-abort': 'one-effect'});
		expect(answered.report.verdict).toMatchObject({safe: 'yes', by: 'answers'});
		expect(answered.report.verdict.sentence).toContain('by answers only');
	});

	test('never gets more requests than were announced, nor makes more effects', async () => {
		const {report, effects} = await probed({});
		expect(report.sent).toBeLessThanOrEqual(report.plan.requests);
		expect(effects).toBeLessThanOrEqual(report.plan.effects);
	});
});

test('where keys are ignored it stops making effects', async () => {
	const {report, found, traps: all, effects} = await probed({keys: 'ignored', missing: 'accepted'});
	expect(report.verdict).toMatchObject({safe: 'no'});
	expect(report.verdict.sentence).toContain('the key is not honoured');
	expect(found).toMatchObject({replay: 'executed-again', 'twenty-at-once': 'skipped', 'missing-key': 'accepted'});
	expect(all).toEqual(['key-ignored', 'missing-key-accepted']);
	expect(effects).toBe(4);
});

test('a key that says after a 5xx that its outcome is unknown is not locked: a retry makes nothing, and is told so', async () => {
	const {report, found, traps: all} = await probed({after5xx: 'unknown'}, '--require', 'errors');
	expect(found).toMatchObject({'error-then-retry': 'unknown'});
	expect(all).toContain('5xx-unknown');
	expect(report.verdict.safe).toBe('yes');
	expect(report.required).toEqual([{name: 'errors', met: true}]);
});

test.each<[string, Treatment, string, string, string, string]>([
	['locks the key after a 5xx', {after5xx: 'locked'}, 'error-then-retry', 'locked', '5xx-locks', 'after a 5xx'],
	[
		'runs again after a 5xx',
		{after5xx: 'freed'},
		'error-then-retry',
		'executed-again',
		'5xx-runs-again',
		'after a 5xx',
	],
	[
		'runs again after a 5xx that came after the effect',
		{after5xx: 'freed', fails: 'after'},
		'error-then-retry',
		'several-effects',
		'5xx-runs-again',
		'after a 5xx',
	],
	['runs all that come at once', {atOnce: 'all-run'}, 'twenty-at-once', 'several-effects', 'race', 'while the first'],
	['locks the key after an abort', {afterAbort: 'locked'}, 'client-abort', 'locked', 'abort-locks', 'after an abort'],
	[
		'frees the key after an abort',
		{afterAbort: 'freed'},
		'client-abort',
		'several-effects',
		'abort-runs-again',
		'after an abort',
	],
])('a guard that %s: safe to retry, with an exception', async (_, treatment, check, outcome, trap, exception) => {
	const {report, found, traps: all} = await probed(treatment, ...counting);
	expect(found).toMatchObject({replay: 'replayed', [check]: outcome});
	expect(all).toContain(trap);
	expect(report.verdict.safe).toBe('except');
	expect(report.verdict.sentence).toContain(`safe to retry: yes, except`);
	expect(report.verdict.exceptions.join()).toContain(exception);
});

let ideal: ReturnType<typeof probed>;
beforeAll(() => {
	ideal = probed({}, ...counting);
});

test.each<[string, Treatment, string, string, string]>([
	['never gets done', {completes: 'never'}, 'replay', 'in-progress', 'repeat-refused'],
	['does not tell callers apart', {scope: 'none'}, 'two-credentials', 'shared', 'not-scoped'],
	['does not compare payloads', {payload: 'not-compared'}, 'other-payload', 'not-compared', 'payload-not-compared'],
	['executes another payload', {payload: 'executed'}, 'other-payload', 'executed-again', 'other-payload-executed'],
	['repeats with another body', {replays: 'current-state'}, 'replay', 'same-resource', 'replay-differs'],
	['refuses repeats', {replays: 'refused'}, 'replay', 'in-progress', 'repeat-refused'],
	['does not mark replays', {replays: 'unmarked'}, 'replay', 'replayed', 'no-marker'],
	['marks everything', {marks: 'everything'}, 'another-key', 'another-effect', 'marks-first-answers'],
	['ignores the case of keys', {keys: 'upper-case'}, 'upper-case-key', 'same-key', 'case-ignored'],
	['cuts keys', {keys: 'first-64'}, 'long-key', 'truncated', 'key-truncated'],
	['takes an empty key for one', {empty: 'shared'}, 'empty-key', 'shared', 'empty-key-shared'],
	['needs no key', {missing: 'accepted'}, 'missing-key', 'accepted', 'missing-key-accepted'],
	['takes an empty key for none', {missing: 'accepted'}, 'empty-key', 'accepted', 'empty-key-is-none'],
	['does not say when to come again', {atOnce: 'conflict-bare'}, 'twenty-at-once', 'one-effect', 'no-retry-after'],
	['hides its marker from pages', {cors: 'hiding'}, 'replay', 'replayed', 'marker-hidden-by-cors'],
])('a guard that %s: a trap', async (_, treatment, check, outcome, trap) => {
	const {found, traps: all} = await probed(treatment, ...counting);
	expect(found[check]).toBe(outcome);
	expect(all).toContain(trap);
	expect((await ideal).traps).not.toContain(trap);
});

test('members in any order are one request where the guard reads them', async () => {
	const {found, traps: all} = await probed({payload: 'canonical'});
	expect(found['members-reordered']).toBe('replayed');
	expect(all).not.toContain('order-matters');
});

test('a 4xx that frees its key is no trap, and not what the draft says', async () => {
	const {report, found, traps: all} = await probed({after4xx: 'freed'}, ...counting);
	expect(found['refusal-then-retry']).toBe('freed');
	expect(all).not.toContain('4xx-saved');
	expect(report.draft.find(({rule}) => rule === 'replay-error')?.holds).toBe(false);
});

test('a 409 that never ends is safe, and no answer', async () => {
	const {report, found} = await probed({completes: 'never'}, ...counting);
	expect(found).toMatchObject({'lost-response': 'locked', 'client-abort': 'locked', 'twenty-at-once': 'one-effect'});
	expect(report.verdict.sentence).toContain('yes, except that a repeat is refused instead of answered');
});

test('answers in which only times and ids of requests differ tell no effects apart', async () => {
	const {report, found} = await probed({answers: 'passing'});
	expect(found).toMatchObject({'another-key': 'answers-alike', replay: 'same-resource'});
	const unmarked = await probed({answers: 'passing', replays: 'unmarked'});
	expect(unmarked.found['replay']).toBe('unclear');
	expect([report.verdict.safe, unmarked.report.verdict.safe]).not.toContain('no');
});

test('a marker that is on everything hides nothing', async () => {
	const {report, found} = await probed({marks: 'everything', keys: 'ignored'});
	expect(found['replay']).toBe('executed-again');
	expect(report.verdict.safe).toBe('no');
});

test('what must be unique besides the key', async () => {
	const unique = ['--body', '{"amount":1,"reference":"{{uuid}}"}'];
	const {report, found, traps: all} = await probed({unique: 'reference'}, ...unique);
	expect(found).toMatchObject({'another-key': 'refused', replay: 'replayed', 'twenty-at-once': 'one-effect'});
	expect(all).toContain('unique-besides-the-key');
	expect(report.verdict.safe).toBe('yes');
});

test('a key in the body', async () => {
	const {report, found} = await probed(
		{carrier: 'body'},
		'--body',
		'{"amount":1,"key":"{{key}}","cart":"a"}',
		...counting,
	);
	expect((await ideal).found).toEqual(found);
	expect(report.verdict.safe).toBe('yes');
	expect(report.dialect).toMatchObject({name: 'ietf', differs: ['header']});
});

test('effects that are counted late are waited for', async () => {
	const {report, found} = await probed({late: 15, afterAbort: 'freed', atOnce: 'all-run'}, ...counting);
	expect(found).toMatchObject({'first-call': 'succeeded', 'another-key': 'another-effect', replay: 'replayed'});
	expect(found).toMatchObject({'client-abort': 'several-effects', 'two-at-once': 'several-effects'});
	expect(report.verdict).toMatchObject({by: 'count'});
});

test('a count that does not rise is not used', async () => {
	const {report} = await probed({}, '--count', 'echo 7');
	expect(report.verdict.by).toBe('answers');
	expect(report.checks[0]?.says).toContain('the count did not rise');
});

test('a handler that is long at work leaves no key locked', async () => {
	const {found} = await probed({work: 100}, ...counting);
	expect(found).toEqual((await ideal).found);
});

test('a limit of requests says nothing of keys', async () => {
	const {report, found} = await probed({limit: 9}, ...counting);
	expect(found).toMatchObject({'twenty-at-once': 'unclear', 'lost-response': 'unclear', 'client-abort': 'unclear'});
	expect(report.verdict).toMatchObject({safe: 'unknown', exceptions: []});
});

test('202 is not done yet', async () => {
	const {traps: all} = await probed({success: 202});
	expect(all).toContain('not-done-yet');
});

test('a 5xx that was not tried is said', async () => {
	await using server = await start(guard().listener);
	const {verdict} = await reportOn(server.origin, '--body', '{"amount":1}', '--count', server.origin);
	expect(verdict.sentence).toBe('safe to retry: yes (a 5xx was not tried: give --error-header)');
});

test('what makes the body fail, for good', async () => {
	const failing = ['--error-body', '{"amount":null}'];
	const {found} = await probed({}, ...failing);
	expect(found['error-then-retry']).toBe('saved');
});

describe('answers that are alike', () => {
	test('tell nothing by themselves', async () => {
		const {report, found} = await probed({answers: 'alike', replays: 'unmarked'});
		expect(found).toMatchObject({'another-key': 'answers-alike', replay: 'unclear'});
		expect(report.verdict.safe).toBe('unknown');
	});

	test('do not hide that keys are ignored from a count', async () => {
		const {report} = await probed({answers: 'alike', keys: 'ignored'}, ...counting);
		expect(report.verdict.safe).toBe('no');
	});

	test('are enough beside a count', async () => {
		const {report} = await probed({answers: 'alike', replays: 'unmarked'}, ...counting);
		expect(report.verdict.safe).toBe('yes');
	});
});
