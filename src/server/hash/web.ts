import {concat} from '../../bytes.ts';

export {sha1} from './sha1.ts';

/** SHA-256 in lower-case hex, of a text in UTF-8 and of the bytes after it. By WebCrypto, which every server runtime has. */
export async function sha256(text: string, bytes: Uint8Array = new Uint8Array()): Promise<string> {
	const data = concat([new TextEncoder().encode(text), bytes]);
	const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', data));
	return Array.from(digest, byte => byte.toString(16).padStart(2, '0')).join('');
}
