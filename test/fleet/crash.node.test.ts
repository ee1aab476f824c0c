import {afterAll, describe, expect, test} from 'vitest';
import {nameId} from '../../src/request/identity.ts';
import {virtualEnvironment} from '../support/virtual-environment.ts';
import type {CrashTask, Death, Told} from './crash-child.ts';
import {onEngine} from './on-engine.ts';
import {startChild, type Child} from './start-child.ts';
import {recordsIn} from '../support/records.ts';

const OPERATIONS = 200;
const SEED = 20;
/** How often a process dies at each moment. */
const TIMES = 4;

/** Those of the store; of the server, when a request has come and when it has been charged; and any. */
const moments = ['claiming', 'claimed', 'settling', 'settled', 'inFlight', 'charged', 'any'] as const;
type Moment = (typeof moments)[number];

describe.each(['sqlite', 'redis', 'postgres'] as const)('a process that is killed again and again, on %s', kind => {
	const {random} = virtualEnvironment(SEED);
	const names = Array.from({length: OPERATIONS}, (_, order) => `order-${order}`);
	const done = new Set<string>();
	const children: Array<Child<CrashTask, void>> = [];
	const here = onEngine(kind);

	afterAll(async () => {
		for (const child of children) await child.kill();
	});

	const upTo = (most: number) => 1 + Math.floor(random() * most);

	function shuffled<T>(items: readonly T[]): T[] {
		return items
			.map(item => ({item, at: random()}))
			.toSorted((one, other) => one.at - other.at)
			.map(({item}) => item);
	}

	async function start(): Promise<Child<CrashTask, void>> {
		const place = {...here.engine.place, lease: 300};
		const child = await startChild<CrashTask, void>('crash-child.ts', place, told => {
			if ('done' in (told as Told)) done.add((told as {done: string}).done);
		});
		children.push(child);
		return child;
	}

	/** Whether it was killed before it was through. */
	async function live(child: Child<CrashTask, void>, moment: Moment | 'never'): Promise<boolean> {
		const left = shuffled(names.filter(name => !done.has(name)));
		const task = {origin: here.shop.origin, names: moment === 'never' ? left : left.slice(0, 10), atOnce: 4};
		let death: Death | undefined;
		let timer: NodeJS.Timeout | undefined;
		let nth = upTo(2);
		const kill = async () => {
			if (--nth === 0) await child.kill();
		};
		here.shop.hooks = {};
		if (moment === 'inFlight' || moment === 'charged') here.shop.hooks = {[moment]: kill};
		else if (moment === 'any') timer = setTimeout(() => void child.kill(), random() * 50);
		else if (moment !== 'never') death = {at: moment, nth, turns: upTo(4) - 1};

		try {
			await child.perform({...task, death});
			return false;
		} catch (error) {
			if (!child.wasKilled()) throw error;
			return true;
		} finally {
			clearTimeout(timer);
		}
	}

	test(
		'charges every operation once, under one key, and has all of them settled in the end',
		{timeout: 60_000},
		async () => {
			const lives = shuffled(Array.from({length: TIMES}, () => moments).flat());
			const deaths: Moment[] = [];
			let next = start();
			for (const moment of lives) {
				const child = await next;
				// It gets ready while this one lives.
				next = start();
				if (await live(child, moment)) deaths.push(moment);
				await child.kill();
			}

			expect(await live(await next, 'never')).toBe(false);

			const planned = moments.filter(moment => moment !== 'any');
			for (const moment of planned) expect(deaths.filter(death => death === moment)).toHaveLength(TIMES);
			expect(here.shop.effects.map(({operation}) => operation).toSorted()).toEqual(names.toSorted());
			const records = await recordsIn(here.engine.store, '');
			const settled = records.filter(({state}) => state.status === 'succeeded').map(({name, key}) => `${name} ${key}`);
			const charged = here.shop.effects.map(({operation, key}) => `${nameId([operation])} ${key}`);
			expect(settled.toSorted()).toEqual(charged.toSorted());
		},
	);
});
