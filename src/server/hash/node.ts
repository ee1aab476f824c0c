import {hash} from 'node:crypto';
import type {MaybePromise} from '../../utils.ts';
import type {Sha1} from './sha1.ts';

/** SHA-256 in lower-case hex; a string is hashed as UTF-8. Synchronous here. */
export function sha256(data: string | Uint8Array<ArrayBuffer>): MaybePromise<string> {
	return hash('sha256', data, 'hex');
}

/** SHA-1 of a text in UTF-8. */
export function sha1(text: string): Sha1 {
	const digest = hash('sha1', text, 'buffer');
	const word = (index: number) => digest.readInt32BE(index * 4);
	return [word(0), word(1), word(2), word(3), word(4)];
}
