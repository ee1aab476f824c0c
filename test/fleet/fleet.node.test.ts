import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {engines, type Engine} from './engine.ts';
import type {FleetReply, FleetTask} from './fleet-child.ts';
import {startShop, type Shop} from './shop.ts';
import {startChild} from './start-child.ts';

const PROCESSES = 4;
const OPERATIONS = 500;

describe.each(['redis', 'postgres'] as const)(
	'four processes with the same 500 operations at once, on one %s',
	kind => {
		let engine: Engine;
		let shop: Shop;

		beforeAll(async () => {
			engine = await engines[kind]();
			shop = await startShop();
		}, 60_000);

		afterAll(async () => {
			await shop.close();
			await engine.stop();
		});

		test('charge each once, under one key, and all callers get its answer', {timeout: 60_000}, async () => {
			const names = Array.from({length: OPERATIONS}, (_, order) => `order-${order}`);
			const children = await Promise.all(
				Array.from({length: PROCESSES}, async () => startChild<FleetTask, FleetReply>('fleet-child.ts', engine.place)),
			);
			const replies = await Promise.all(
				children.map(async child => child.perform({origin: shop.origin, names, atOnce: 25})),
			);
			for (const child of children) await child.kill();

			expect(shop.effects).toHaveLength(OPERATIONS);
			const answers = new Map(
				shop.effects.map(({operation}, index) => [operation, `201 ${JSON.stringify({operation, charge: index + 1})}`]),
			);
			expect(answers.size).toBe(OPERATIONS);
			for (const reply of replies) expect(new Map(reply)).toEqual(answers);
			const keys = new Set(shop.effects.map(({key}) => key));
			expect(keys.size).toBe(OPERATIONS);
		});
	},
);
