import {hash} from 'node:crypto';
import {concat} from '../../bytes.ts';
import type {MaybePromise} from '../../utils.ts';
import type {Sha1} from './sha1.ts';

/** SHA-256 in lower-case hex, of a text in UTF-8 and of the bytes after it. Synchronous here. */
export function sha256(text: string, bytes?: Uint8Array): MaybePromise<string> {
	return hash('sha256', bytes ? joined(text, bytes) : text, 'hex');
}

const encoder = new TextEncoder();

/** Used again and again: a buffer of its own takes longer than what is hashed in it. */
const scratch = new Uint8Array(4_096);

function joined(text: string, bytes: Uint8Array): Uint8Array {
	// A character of UTF-16 has three bytes at most.
	if (3 * text.length + bytes.byteLength > scratch.byteLength) return concat([encoder.encode(text), bytes]);
	const {written} = encoder.encodeInto(text, scratch);
	scratch.set(bytes, written);
	return scratch.subarray(0, written + bytes.byteLength);
}

/** SHA-1 of a text in UTF-8. */
export function sha1(text: string): Sha1 {
	const digest = hash('sha1', text, 'buffer');
	const word = (index: number) => digest.readInt32BE(index * 4);
	return [word(0), word(1), word(2), word(3), word(4)];
}
