import {expect, test} from 'vitest';
import {grown, growthOf, lives, type LifeName} from './memory.ts';

// `npm run simulate -- --operations 100000` looks at many more, and at the heap for all of them.
test.each(Object.keys(lives) as LifeName[])('a process keeps nothing for good of %s', async life => {
	const {early, late, calls} = await growthOf(life, 1_050, 1_500, true);
	expect(grown({life, calls, early: {...early, heap: 0}, late: {...late, heap: 0}})).toEqual([]);
});

test('nor does its heap grow with them', async () => {
	expect(grown(await growthOf('named operations that succeed', 3_000, 12_000, true))).toEqual([]);
});
