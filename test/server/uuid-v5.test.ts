import {v5} from 'uuid';
import {expect, test} from 'vitest';
import {uuidV5} from '../../src/server/uuid-v5.ts';

const namespace = new Uint8Array([15, 74, 161, 180, 147, 172, 74, 11, 141, 14, 91, 10, 154, 13, 187, 67]);

test('is the one of the library, for texts of every length', () => {
	for (let length = 0; length < 200; length++) {
		const name = 'é'.repeat(length % 3) + 'x'.repeat(length);
		expect(uuidV5(name, namespace)).toBe(v5(name, namespace));
	}
});
