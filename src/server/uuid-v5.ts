import {sha1} from '#hash';

/**
 * A UUIDv5 (RFC 9562 §5.5).
 *
 * @param namespace Its 16 bytes, as ASCII.
 */
export function uuidV5(name: string, namespace: string): string {
	const [a, b, c, d] = sha1(namespace + name);
	const words = [a, (b & 0xffff0fff) | 0x5000, (c & 0x3fffffff) | 0x80000000, d];
	const hex = words.map(word => (word >>> 0).toString(16).padStart(8, '0')).join('');
	return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
