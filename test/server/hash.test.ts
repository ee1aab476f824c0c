import {expect, test} from 'vitest';
import * as any from '../../src/server/hash/any.ts';
import * as web from '../../src/server/hash/web.ts';
import * as chosen from '#hash';

const bytes = (size: number) => new Uint8Array(size).map((_, at) => at * 7);

test.each([
	['', undefined],
	['é', undefined],
	['x'.repeat(200), undefined],
	['', bytes(0)],
	['é\ud800', bytes(2)],
	['x', bytes(4_093)],
	['x', bytes(4_094)],
	['€'.repeat(1_365), bytes(2)],
	['€'.repeat(1_400), bytes(3)],
	['é'.repeat(5_000), bytes(100_000)],
])('all ways give the same hash of a text and bytes: %#', async (text, after) => {
	const whole = await new Blob([text, after ?? '']).arrayBuffer();
	const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', whole));
	const expected = Array.from(digest, byte => byte.toString(16).padStart(2, '0')).join('');
	const ways = [web, any, chosen].map(({sha256}) => sha256(text, after));
	expect(await Promise.all(ways.map(async way => way))).toEqual([expected, expected, expected]);
});

test('hashes are those of everybody', async () => {
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
