import {expect, test} from 'vitest';
import {cancellation} from '../../src/attempt/cancellation.ts';
import {send} from '../../src/attempt/send.ts';
import {environment} from '../../src/environment.ts';

test('a browser never proves that nothing was sent', async () => {
	const url = 'http://nope.invalid/pay';
	const init = {method: 'POST', redirect: 'manual', headers: {}, body: null} as const;
	const sendable = {url, input: url, init, key: 'key', keyHeader: 'key', fetch: undefined};
	const exchange = await send(environment, sendable, {headers: {}, ms: 10_000}, cancellation());

	expect(exchange.error).toBeInstanceOf(TypeError);
	expect(exchange).toMatchObject({unsent: undefined});
});
