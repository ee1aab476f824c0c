import {expect, test} from 'vitest';
import {leaving} from '../../src/attempt/leaving.ts';
import {send} from '../../src/attempt/send.ts';
import {environment} from '../../src/environment.ts';

test('a browser never proves that nothing was sent', async () => {
	const init: RequestInit = {method: 'POST', redirect: 'manual'};
	const sendable = {url: 'http://nope.invalid/pay', init, key: 'key', whole: true, fetch: undefined};
	const exchange = await send(environment, sendable, 10_000, leaving());

	expect(exchange.error).toBeInstanceOf(TypeError);
	expect(exchange).toMatchObject({unsent: undefined});
});
