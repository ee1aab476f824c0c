import {sha256} from '@noble/hashes/sha2.js';

/** SHA-256 without WebCrypto, for pages on http://. Loaded only there. */
export function digest(bytes: Uint8Array): Uint8Array {
	return sha256(bytes);
}
