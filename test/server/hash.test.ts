import {expect, test} from 'vitest';
import {sha256, webSha256} from '../../src/server/hash.ts';

test.each(['', 'é', new Uint8Array([0, 255])])('both ways give the same hash of %j', async data => {
	expect(await sha256(data)).toBe(await webSha256(data));
	expect(await sha256('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});
