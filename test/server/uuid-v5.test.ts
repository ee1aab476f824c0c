import {v5} from 'uuid';
import {expect, test} from 'vitest';
import {uuidV5} from '../../src/server/uuid-v5.ts';

const namespace = 'latchkey.stepkey';

test('is the one of the library, for texts of every length', () => {
	for (let length = 0; length < 200; length++) {
		const name = 'é'.repeat(length % 3) + 'x'.repeat(length);
		expect(uuidV5(name, namespace)).toBe(v5(name, new TextEncoder().encode(namespace)));
	}
});
