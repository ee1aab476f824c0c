import {expect, test} from 'vitest';
import {isRight, play} from '../../examples/checkout/scenes/play.ts';
import {scenes} from '../../examples/checkout/scenes/scenes.ts';

test.each(scenes)('$title: latchkey charges once and tells the truth', async scene => {
	const {charges, told} = await play(scene, 'latchkey');
	expect({charges, told}).toEqual({charges: 1, told: scene.wanted});
});

test('a second charge or another story is not right', () => {
	const scene = {title: '', faults: [], play: async () => [], wanted: ['paid']};
	expect(isRight(scene, {attempts: 2, charges: 1, told: ['paid']})).toBe(true);
	expect(isRight(scene, {attempts: 2, charges: 2, told: ['paid']})).toBe(false);
	expect(isRight(scene, {attempts: 2, charges: 1, told: ['failed']})).toBe(false);
});
