import {createHash} from 'node:crypto';
import {expect, test} from 'vitest';
import {fingerprint} from '../../src/request/fingerprint.ts';

const url = 'https://shop.test/orders';

test('text, bytes and no body are hashed synchronously', () => {
	const expected = createHash('sha256').update(`POST\n${url}\napplication/json\n{}`).digest('hex');
	const facts = {method: 'POST', url, contentType: 'application/json'};
	expect(fingerprint({...facts, body: {content: '{}'}})).toBe(expected);
	expect(fingerprint({...facts, body: {content: new TextEncoder().encode('{}')}})).toBe(expected);
	expect(fingerprint({...facts, body: {content: null}})).toBeTypeOf('string');
});
