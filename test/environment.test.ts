import {expect, test} from 'vitest';
import {environment} from '../src/environment.ts';

test('a timer of Infinity never calls back, where setTimeout would at once', async () => {
	const fired: string[] = [];
	const cancel = environment.timer(() => fired.push('never'), Number.POSITIVE_INFINITY);
	await new Promise<void>(resolve => environment.timer(resolve, 20));
	expect(fired).toEqual([]);
	cancel();
});
