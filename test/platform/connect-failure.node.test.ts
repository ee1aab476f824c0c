import {describe, expect, test} from 'vitest';
import {kindOf} from '../../src/platform/connect-failure.ts';

const url = 'https://shop.test/pay';

/** As Node 22.13, 24.21 and 26.10 made them. */
const ofNode = {
	refused: {code: 'ECONNREFUSED', errno: -111, syscall: 'connect', address: '10.0.0.1', port: 443},
	unreachable: {code: 'EHOSTUNREACH', errno: -113, syscall: 'connect', address: '2001:db8::1', port: 443},
	noNetwork: {code: 'ENETUNREACH', errno: -101, syscall: 'connect', address: '10.0.0.1', port: 443},
	timedOut: {code: 'ETIMEDOUT', errno: -110, syscall: 'connect', address: '10.0.0.1', port: 443},
	noName: {code: 'ENOTFOUND', errno: -3008, syscall: 'getaddrinfo', hostname: 'shop.test'},
	noResolver: {code: 'EAI_AGAIN', errno: -3001, syscall: 'getaddrinfo', hostname: 'shop.test'},
	undiciTimedOut: {name: 'ConnectTimeoutError', code: 'UND_ERR_CONNECT_TIMEOUT'},
};

/** As Bun 1.4 made them. */
const ofBun = {
	refused: {code: 'ECONNREFUSED', path: url, errno: 0},
	refusedIn140: {code: 'ConnectionRefused', path: url, errno: 0},
	unreachableIn140: {code: 'FailedToOpenSocket', path: url, errno: 0},
	noName: {code: 'ENOTFOUND', path: url, errno: 4, syscall: 'getaddrinfo', hostname: 'shop.test'},
};

const list = (...errors: unknown[]) => Object.assign(new AggregateError(errors), {code: 'ECONNREFUSED'});

describe('nothing was sent, and another attempt may get through', () => {
	test.each(Object.entries(ofNode))('Node: %s', (_, failure) => {
		expect(kindOf(Object.assign(new Error('failed'), failure), url)).toBe('retry');
	});

	test.each(Object.entries(ofBun))('Bun: %s', (_, failure) => {
		expect(kindOf(Object.assign(new TypeError('failed'), failure), url)).toBe('retry');
	});

	test.each([
		['of every address', list(ofNode.refused, ofNode.unreachable, ofNode.timedOut)],
		['of lists in a list', list(list(ofNode.refused), ofNode.refused)],
	])('the failures %s', (_, failure) => {
		expect(kindOf(failure, url)).toBe('retry');
	});
});

describe('nothing was sent, and never will be', () => {
	// https://nodejs.org/api/tls.html#x509-certificate-error-codes, and the two of Node's own check of the name
	test.each([
		'CERT_CHAIN_TOO_LONG',
		'CERT_HAS_EXPIRED',
		'CERT_NOT_YET_VALID',
		'CERT_REJECTED',
		'CERT_REVOKED',
		'CERT_SIGNATURE_FAILURE',
		'CERT_UNTRUSTED',
		'CRL_HAS_EXPIRED',
		'CRL_NOT_YET_VALID',
		'CRL_SIGNATURE_FAILURE',
		'DEPTH_ZERO_SELF_SIGNED_CERT',
		'ERROR_IN_CERT_NOT_AFTER_FIELD',
		'ERROR_IN_CERT_NOT_BEFORE_FIELD',
		'ERROR_IN_CRL_LAST_UPDATE_FIELD',
		'ERROR_IN_CRL_NEXT_UPDATE_FIELD',
		'ERR_TLS_CERT_ALTNAME_FORMAT',
		'ERR_TLS_CERT_ALTNAME_INVALID',
		'HOSTNAME_MISMATCH',
		'INVALID_CA',
		'INVALID_PURPOSE',
		'PATH_LENGTH_EXCEEDED',
		'SELF_SIGNED_CERT_IN_CHAIN',
		'UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY',
		'UNABLE_TO_DECRYPT_CERT_SIGNATURE',
		'UNABLE_TO_DECRYPT_CRL_SIGNATURE',
		'UNABLE_TO_GET_CRL',
		'UNABLE_TO_GET_ISSUER_CERT',
		'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
		'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
	])('%s', code => {
		expect(kindOf({code}, url)).toBe('end');
	});

	test('one of several addresses has a certificate that is not trusted', () => {
		expect(kindOf(list(ofNode.refused, {code: 'CERT_HAS_EXPIRED'}), url)).toBe('end');
	});
});

describe('it may have been sent', () => {
	test.each([
		['the connection was reset', {code: 'ECONNRESET', errno: -104, syscall: 'read'}],
		['it was reset while connecting', {code: 'ECONNRESET', syscall: 'connect', port: 443}],
		['it was closed before TLS was there', {code: 'ECONNRESET', host: 'shop.test', port: 443}],
		['the other side closed', {code: 'UND_ERR_SOCKET'}],
		['a broken pipe', {code: 'EPIPE', syscall: 'write'}],
		['reading timed out', {code: 'ETIMEDOUT', syscall: 'read'}],
		['writing met no route', {code: 'EHOSTUNREACH', syscall: 'write'}],
		['reading met no network', {code: 'ENETUNREACH', syscall: 'read'}],
		['no route, and nobody says when', {code: 'EHOSTUNREACH', path: url, errno: 0}],
		['no headers came', {code: 'UND_ERR_HEADERS_TIMEOUT'}],
		[
			'the server sent an alert',
			{code: 'ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE', reason: 'ssl/tls alert bad certificate'},
		],
		['an older one did', {code: 'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', reason: 'tlsv1 alert unknown ca'}],
		['Bun met no TLS', {code: 'EPROTO', path: url, errno: 0}],
		['memory ran out', {code: 'OUT_OF_MEM'}],
		['a list of nothing', list()],
		['a list with a list of nothing', list(ofNode.refused, list())],
		['one address was connected to', list(ofNode.refused, {code: 'ECONNRESET', syscall: 'read'})],
		['an error without a word', new TypeError('fetch failed')],
		['a code that is none', {code: 23}],
		['nothing', undefined],
		['a string', 'ECONNREFUSED'],
	])('%s', (_, failure) => {
		expect(kindOf(failure, url)).toBe(undefined);
	});
});

describe('a failure at another host or port is of another request', () => {
	const refused = {code: 'ECONNREFUSED', syscall: 'connect'};
	const own = 'retry';
	const foreign = undefined;

	test.each([
		['https://shop.test/pay', {port: 443}, own],
		['https://shop.test/pay', {port: '443'}, own],
		['https://shop.test/pay', {port: 80}, foreign],
		['https://shop.test:8443/pay', {port: 8443}, own],
		['https://shop.test:8443/pay', {port: 443}, foreign],
		['http://shop.test/pay', {port: 80}, own],
		['http://shop.test/pay', {port: 443}, foreign],
		['http://shop.test/pay', {port: 3128, address: '10.0.0.1'}, foreign],
		['http://SHOP.test/pay', {hostname: 'shop.test'}, own],
		['http://shop.test/pay', {hostname: 'Shop.TEST'}, own],
		['http://shop.test/pay', {hostname: 'log.test'}, foreign],
		['http://shop.test/pay', {host: 'log.test', port: 80}, foreign],
		['http://shop.test/pay', {hostname: 'shop.test', host: 'log.test'}, foreign],
		['http://shop.test/pay', {hostname: 'shop.test.evil'}, foreign],
		['http://shop.test/pay', {address: '10.0.0.1', port: 80}, own],
		['http://shop.test/pay', {host: '10.0.0.1', port: 80}, own],
		['http://10.0.0.1/pay', {host: '10.0.0.2', port: 80}, foreign],
		['http://[::1]/pay', {host: '::1', port: 80}, own],
		['http://[::1]/pay', {hostname: '[::1]'}, own],
		['http://[::1]/pay', {hostname: '::2'}, foreign],
	] as const)('%s: %o', (to, where, expected) => {
		expect(kindOf({...refused, ...where}, to)).toBe(expected);
	});

	test('in a list too, at each level', () => {
		const wanted = 'http://shop.test/pay';
		expect(kindOf(list(refused, {...refused, port: 81}), wanted)).toBe(foreign);
		expect(kindOf(Object.assign(list(refused), {port: 81}), wanted)).toBe(foreign);
		expect(kindOf(list(refused, {...refused, port: 80}), wanted)).toBe(own);
	});
});
