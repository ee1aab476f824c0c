import {EventEmitter, once} from 'node:events';
import {describe, expect, test} from 'vitest';
import {nameId} from '../../src/request/identity.ts';
import type {CrashTask, Told} from './crash-child.ts';
import {onEngine} from './on-engine.ts';
import {startChild, type Child} from './start-child.ts';
import {until} from './until.ts';
import {recordsIn} from '../support/records.ts';

/** Long beside what a busy machine takes to run a process again: who lives must not lose it. */
const LEASE = 3_000;

describe.each(['sqlite', 'redis', 'postgres'] as const)('two processes at one operation, on %s', kind => {
	const here = onEngine(kind);

	/** A process, and what it tells by the type of its events. */
	async function start(): Promise<{child: Child<CrashTask, void>; events: EventEmitter}> {
		const events = new EventEmitter();
		const child = await startChild<CrashTask, void>('crash-child.ts', {...here.engine.place, lease: LEASE}, told => {
			const {event, key} = told as Exclude<Told, {done: string}>;
			if (event !== undefined) events.emit(event, key);
		});
		return {child, events};
	}

	/** The server holds what comes until it is let go. */
	function held(): () => void {
		let letGo = () => {};
		const released = new Promise<void>(resolve => {
			letGo = resolve;
		});
		here.shop.hooks = {inFlight: async () => released};
		return letGo;
	}

	test('when the first is killed, the other goes on after its lease, under the same key', async () => {
		const task = {origin: here.shop.origin, names: ['killed'], atOnce: 1};
		const letGo = held();
		const [first, second] = await Promise.all([start(), start()]);
		const lost = first.child.perform(task).catch(() => first.child.wasKilled());
		const [key] = await once(first.events, 'attempt');
		const paid = second.child.perform(task);
		await once(second.events, 'waiting-elsewhere');

		const takenOver = once(second.events, 'taken-over');
		await first.child.kill();
		expect(await lost).toBe(true);
		expect(await takenOver).toEqual([key]);

		letGo();
		await paid;
		await second.child.kill();
		expect(here.shop.effects.filter(({operation}) => operation === 'killed')).toEqual([{operation: 'killed', key}]);
	});

	test('while the first lives it keeps the operation, however long the server takes', async () => {
		const task = {origin: here.shop.origin, names: ['slow'], atOnce: 1};
		const letGo = held();
		const [first, second] = await Promise.all([start(), start()]);
		const leased = async () => (await recordsIn(here.engine.store, '', nameId(['slow'])))[0]?.leaseUntil ?? 0;
		let attempts = 0;
		for (const {events} of [first, second]) events.on('attempt', () => attempts++);
		const paid = first.child.perform(task);
		await once(first.events, 'attempt');
		const begin = await leased();
		const waited = second.child.perform(task);
		await until(async () => (await leased()) > begin + 1.5 * LEASE);

		letGo();
		await Promise.all([paid, waited]);
		await Promise.all([first.child.kill(), second.child.kill()]);
		expect(attempts).toBe(1);
		expect(here.shop.effects.filter(({operation}) => operation === 'slow')).toHaveLength(1);
	});
});
