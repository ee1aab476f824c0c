import {expect, test} from 'vitest';
import {systemClock, type Clock} from '../../src/probe/clock.ts';
import {settingsOf} from '../../src/probe/arguments.ts';
import {probe} from '../../src/probe/probe.ts';
import {guard, start, type Treatment} from './guard.ts';
import {body} from './run.ts';

/** A day passes at once. `later` is called when an hour has. */
async function slowly(treatment: Treatment, later: (forget: () => void) => void) {
	const shop = guard(treatment);
	await using server = await start(shop.listener);
	let skipped = 0;
	const clock: Clock = {
		...systemClock,
		now: () => systemClock.now() + skipped,
		async pause(milliseconds) {
			if (milliseconds < 60_000) return systemClock.pause(milliseconds / 10);
			skipped += milliseconds;
			later(shop.forget);
		},
	};
	const settings = settingsOf([server.origin, '--body', body, '--slow-for', '24h', '--count', server.origin]);
	const {findings, traps} = await probe({settings, clock, progress: () => {}});
	return {retention: findings.get('retention'), lease: findings.get('lapsed-lease'), traps};
}

test('what is kept is kept for as long as one looked', async () => {
	const {retention, lease} = await slowly({}, () => {});
	expect(retention).toMatchObject({found: 'kept', says: expect.stringMatching(/8640\d s at least/)});
	expect(lease?.found).toBe('not-seen');
});

test('what is forgotten is executed again, and a trap', async () => {
	let looks = 0;
	const {retention, traps} = await slowly({}, forget => {
		if (++looks === 2) forget();
	});
	expect(retention).toMatchObject({found: 'executed-again', effects: 1, says: expect.stringMatching(/after 4320\d s/)});
	expect(traps).toContainEqual(expect.objectContaining({trap: 'short-retention'}));
});

test('a lease that never lapses', async () => {
	const {lease} = await slowly({afterAbort: 'locked'}, () => {});
	expect(lease).toMatchObject({found: 'locked', says: expect.stringContaining('"client-abort"')});
});

test('a lease that lapses, and what that costs', async () => {
	const {lease} = await slowly({afterAbort: 'locked'}, forget => {
		forget();
	});
	expect(lease).toMatchObject({found: 'freed', effects: 1});
});
