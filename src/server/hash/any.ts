import type {MaybePromise} from '../utils.ts';

type NodeCrypto = {hash?: (algorithm: string, data: string | Uint8Array, encoding: 'hex') => string};
type Runtime = {process?: {getBuiltinModule?: (name: string) => NodeCrypto | undefined}};

const node = /* @__PURE__ */ (globalThis as Runtime).process?.getBuiltinModule?.('node:crypto');

/** SHA-256 in lower-case hex; a string is hashed as UTF-8. Synchronous where the runtime has Node's, which is faster. */
export function sha256(data: string | Uint8Array<ArrayBuffer>): MaybePromise<string> {
	return node?.hash ? node.hash('sha256', data, 'hex') : webSha256(data);
}

/** By WebCrypto, which every server runtime has. */
export async function webSha256(data: string | Uint8Array<ArrayBuffer>): Promise<string> {
	const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
	const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
	return Array.from(digest, byte => byte.toString(16).padStart(2, '0')).join('');
}
