import {expect, test} from 'vitest';
import {crowd} from './crowd.ts';

test('hundreds of handles on a page do not evict each other, nor ask the store again and again', async () => {
	for (let seed = 1; seed <= 20; seed++) expect(await crowd(seed)).toEqual([]);
});
