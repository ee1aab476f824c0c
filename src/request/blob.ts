import {can, nameOf, type MaybePromise} from '../utils.ts';
import {reading} from './reading.ts';

export type Bytes = Uint8Array<ArrayBuffer>;

/** The runtime's own Blob is referred to, and read where it is needed. One that only a polyfill knows has been read. */
export type FrozenBlob = Blob | Bytes;

export function isBlob(value: unknown): value is Blob {
	if (/^(Blob|File)$/.test(nameOf(value))) return true;
	const {size, type} = value as Partial<Blob>;
	return typeof size === 'number' && typeof type === 'string' && can(value, 'slice');
}

export function freezeBlob(blob: Blob): MaybePromise<FrozenBlob> {
	return isNative(blob) ? blob : readBlob(blob);
}

/** Throws a BodyNotReplayableError: a file may have changed since it was chosen. */
export async function readBlob(blob: Blob): Promise<Bytes> {
	// React Native's has no methods to read it.
	const read = async () => (isNative(blob) ? new Response(blob) : blob).arrayBuffer();
	return new Uint8Array(await reading(read));
}

/** Whether fetch takes it for a Blob: anything else it would announce, and send, as the text "[object Blob]". */
function isNative(blob: Blob): boolean {
	return new Response(blob).headers.get('content-type') !== 'text/plain;charset=UTF-8';
}
