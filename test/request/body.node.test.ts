import {Readable} from 'node:stream';
import {runInNewContext} from 'node:vm';
import {expect, test} from 'vitest';
import {freezeBody} from '../../src/request/body.ts';

test('a view of shared memory is copied out of it', () => {
	const shared = new Uint8Array(new SharedArrayBuffer(4));
	shared.set([1, 2, 3, 4]);
	const frozen = freezeBody(shared.subarray(1, 3));
	shared.fill(0);
	expect(frozen).toEqual({content: new Uint8Array([2, 3])});
	expect(freezeBody(shared.buffer)).toEqual({content: new Uint8Array(4)});
});

test('a Buffer is copied, and only its window of the pool', () => {
	const buffer = Buffer.from('abc');
	const frozen = freezeBody(buffer);
	buffer.fill(0);
	expect(frozen).toEqual({content: new TextEncoder().encode('abc')});
});

test('bytes of another realm are bytes', () => {
	const body: unknown = runInNewContext('new Uint8Array([1, 2]).buffer');
	expect(body).not.toBeInstanceOf(ArrayBuffer);
	expect(freezeBody(body)).toEqual({content: new Uint8Array([1, 2])});
});

test('a Node stream is read, and refused when it was read before', async () => {
	const body = Readable.from(['ab', Buffer.from('c')]);
	expect(await freezeBody(body)).toEqual({content: new TextEncoder().encode('abc')});
	expect(() => freezeBody(body)).toThrow(/already been read/);
});

test('a Node stream past the limit is destroyed', async () => {
	const body = Readable.from([Buffer.from('ab'), Buffer.from('cd')]);
	const closed = new Promise<void>(resolve => {
		body.on('close', resolve);
	});
	await expect(freezeBody(body, 3)).rejects.toThrow(/more than 3 bytes/);
	await closed;
	expect(body.destroyed).toBe(true);
});
