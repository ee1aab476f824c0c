/** The five words of a SHA-1. */
export type Sha1 = readonly [number, number, number, number, number];

/**
 * SHA-1 of a text in UTF-8, because WebCrypto's is asynchronous and a library's outweighs the guard.
 *
 * @see https://www.rfc-editor.org/rfc/rfc3174#section-6.1
 */
export function sha1(text: string): Sha1 {
	const message = new TextEncoder().encode(text);
	const size = message.byteLength;
	const padded = new Uint8Array(((size + 72) >> 6) << 6);
	padded.set([...message, 0x80]);
	const blocks = new DataView(padded.buffer);
	blocks.setUint32(padded.byteLength - 4, size * 8);
	const turned = (bits: number, by: number) => (bits << by) | (bits >>> (32 - by));
	let hash: Sha1 = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];

	for (let block = 0; block < padded.byteLength; block += 64) {
		const words: number[] = [];
		const word = (back: number) => words.at(-back) ?? 0;
		let state = hash;
		for (let i = 0; i < 80; i++) {
			const next = i < 16 ? blocks.getInt32(block + i * 4) : turned(word(3) ^ word(8) ^ word(14) ^ word(16), 1);
			words.push(next);
			const [a, b, c, d, e] = state;
			const mixed =
				i < 20
					? ((b & c) | (~b & d)) + 0x5a827999
					: i < 40
						? (b ^ c ^ d) + 0x6ed9eba1
						: i < 60
							? ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc
							: (b ^ c ^ d) + 0xca62c1d6;
			state = [(turned(a, 5) + mixed + e + next) | 0, a, turned(b, 30), c, d];
		}

		hash = hash.map((sum, i) => sum + (state[i] ?? 0)) as unknown as Sha1;
	}

	return hash;
}
