// @vitest-environment happy-dom
import {expect, test} from 'vitest';
import {startIdempotentServer} from '../support/idempotent-server.ts';
import {realm} from './realm.ts';

// Here fetch, Response, Blob and FormData are all happy-dom's.
test('where everything is happy-dom’s, its bodies go out as what they are', async () => {
	await using server = await startIdempotentServer();
	(globalThis as unknown as {happyDOM: {setURL: (url: string) => void}}).happyDOM.setURL(`${server.origin}/`);
	const {fetch} = realm();
	const form = new FormData();
	form.append('photo', new File(['abc'], 'a.png', {type: 'image/png'}));
	const bodies = [form, new Blob(['abc'], {type: 'image/png'}), new URLSearchParams({a: '1'}), 'text'];
	for (const [index, body] of bodies.entries()) {
		const response = await fetch(`${server.origin}/pay`, {method: 'POST', body, operation: ['pay', index]});
		expect(response.status).toBe(201);
	}

	const sent = server.requests.map(({headers, body}) => [headers['content-type'], body.toString()]);
	expect(sent).toEqual([
		[
			expect.stringMatching(/^multipart\/form-data; boundary=----latchkey\w+$/),
			expect.stringContaining('name="photo"; filename="a.png"\r\nContent-Type: image/png\r\n\r\nabc\r\n'),
		],
		['image/png', 'abc'],
		['application/x-www-form-urlencoded;charset=UTF-8', 'a=1'],
		['text/plain;charset=UTF-8', 'text'],
	]);
});
