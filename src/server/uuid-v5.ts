import {concat} from '../bytes.ts';

/** A UUIDv5 (RFC 9562 §5.5). Its own, because WebCrypto's SHA-1 is asynchronous and a library's outweighs the guard. */
export function uuidV5(name: string, namespace: Uint8Array): string {
	const bytes = sha1(concat([namespace, new TextEncoder().encode(name)])).subarray(0, 16);
	bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
	bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
	const hex = Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');
	return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** @see https://www.rfc-editor.org/rfc/rfc3174#section-6.1 */
function sha1(message: Uint8Array): Uint8Array {
	const padded = new DataView(new ArrayBuffer(((message.byteLength + 72) >> 6) << 6));
	new Uint8Array(padded.buffer).set(message);
	padded.setUint8(message.byteLength, 0x80);
	padded.setUint32(padded.byteLength - 4, message.byteLength * 8);
	const hash = new Int32Array([0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0]);
	const words = new Int32Array(80);
	const turned = (word: number, by: number) => (word << by) | (word >>> (32 - by));
	const at = (index: number) => words[index] ?? 0;

	for (let block = 0; block < padded.byteLength; block += 64) {
		let [a, b, c, d, e] = hash as unknown as [number, number, number, number, number];
		for (let i = 0; i < 80; i++) {
			words[i] = i < 16 ? padded.getInt32(block + i * 4) : turned(at(i - 3) ^ at(i - 8) ^ at(i - 14) ^ at(i - 16), 1);
			const mixed =
				i < 20
					? ((b & c) | (~b & d)) + 0x5a827999
					: i < 40
						? (b ^ c ^ d) + 0x6ed9eba1
						: i < 60
							? ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc
							: (b ^ c ^ d) + 0xca62c1d6;
			[a, b, c, d, e] = [(turned(a, 5) + mixed + e + at(i)) | 0, a, turned(b, 30), c, d];
		}

		for (const [i, word] of [a, b, c, d, e].entries()) hash[i] = (hash[i] ?? 0) + word;
	}

	const digest = new DataView(new ArrayBuffer(20));
	for (const [i, word] of hash.entries()) digest.setInt32(i * 4, word);
	return new Uint8Array(digest.buffer);
}
