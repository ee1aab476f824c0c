import {expect, test} from 'vitest';
import {guarded} from './shop.ts';

// Browsers let no page make a response with a cookie.
test('a repeat has no cookie, nothing of a connection, and none of what an option lists', async () => {
	const headers = new Headers({
		'x-kept': 'yes',
		'X-Trace': '1',
		connection: 'x-hop',
		'x-hop': '1',
		'keep-alive': '1',
	});
	headers.append('set-cookie', 'a=1');
	headers.append('set-cookie', 'b=2');
	const {pay} = guarded(() => new Response('ok', {headers}), {omitHeaders: ['X-Trace']});
	expect((await pay()).headers.getSetCookie()).toEqual(['a=1', 'b=2']);
	const again = await pay();
	expect([...again.headers].map(([name]) => name)).toEqual(['content-type', 'idempotent-replayed', 'x-kept']);
});
