import {expect, test} from 'vitest';
import * as any from '../../src/server/hash/any.ts';
import * as web from '../../src/server/hash/web.ts';
import * as chosen from '#hash';

test.each(['', 'é', 'x'.repeat(200), new Uint8Array([0, 255])])('all ways give the same hash of %j', async data => {
	const expected = await web.sha256(data);
	expect([await any.sha256(data), await chosen.sha256(data)]).toEqual([expected, expected]);
	expect(await web.sha256('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});

test('all ways give the same SHA-1 of texts of every length', () => {
	const bits = (words: readonly number[]) => words.map(word => word >>> 0);
	for (let length = 0; length < 200; length++) {
		const text = 'é'.repeat(length % 3) + 'x'.repeat(length);
		const expected = bits(web.sha1(text));
		expect([bits(any.sha1(text)), bits(chosen.sha1(text))]).toEqual([expected, expected]);
	}

	expect(bits(web.sha1('abc'))).toEqual([0xa9993e36, 0x4706816a, 0xba3e2571, 0x7850c26c, 0x9cd0d89d]);
});
