import {channel} from 'node:diagnostics_channel';
import {describe, expect, test} from 'vitest';
import {isConnectError, watchKey} from '../../src/platform/undici-channels.ts';

const writes = ['undici:client:sendHeaders', 'undici:request:bodySent'];
const tell = (name: string, message: unknown) => {
	channel(name).publish(message);
};

describe.each(writes)('a request of which %s tells', name => {
	test.each([
		['a list', ['accept', '*/*', 'idempotency-key', 'a-key']],
		['text, as before undici 6', 'accept: */*\r\nidempotency-key: a-key\r\n'],
	])('was sent, where its key is in the headers (%s)', (_, headers) => {
		const {sent, stop} = watchKey('a-key');
		expect(sent()).toBe(false);
		tell(name, {request: {headers}});
		expect(sent()).toBe(true);
		stop();
	});

	test('is another one, where the key is another', () => {
		const {sent, stop} = watchKey('a-key');
		tell(name, {request: {headers: ['idempotency-key', 'a-key-2']}});
		tell(name, {request: {headers: 'idempotency-key: not-a-key\r\n'}});
		expect(sent()).toBe(false);
		stop();
	});

	test.each([{}, {request: {}}, {request: {headers: null}}, {request: {headers: {}}}, {request: {headers: [[1], {}]}}])(
		'tells nothing by %o, and nobody is harmed',
		message => {
			const {sent, stop} = watchKey('a-key');
			tell(name, message);
			expect(sent()).toBe(false);
			stop();
		},
	);
});

test('each of those who watch the same key is told, and stopping twice stops only oneself', () => {
	const [first, second] = [watchKey('a-key'), watchKey('a-key')];
	first.stop();
	first.stop();
	tell('undici:client:sendHeaders', {request: {headers: ['idempotency-key', 'a-key']}});
	expect(second.sent()).toBe(true);
	second.stop();

	const later = watchKey('a-key');
	expect(later.sent()).toBe(false);
	later.stop();
});

test('an error is of a failed connection where undici has told so', () => {
	const error = new Error('connect ECONNREFUSED');
	watchKey('a-key').stop();
	expect(isConnectError(error)).toBe(false);
	tell('undici:client:connectError', {error});
	expect(isConnectError(error)).toBe(true);
	expect([undefined, null, 'connect ECONNREFUSED', {}].map(isConnectError)).toEqual([false, false, false, false]);
});
