import {concat} from '../../bytes.ts';
import type {MaybePromise} from '../../utils.ts';
import {sha256 as webSha256} from './web.ts';

export {sha1} from './sha1.ts';

type NodeCrypto = {hash?: (algorithm: string, data: string | Uint8Array, encoding: 'hex') => string};
type Runtime = {process?: {getBuiltinModule?: (name: string) => NodeCrypto | undefined}};

const node = /* @__PURE__ */ (globalThis as Runtime).process?.getBuiltinModule?.('node:crypto');

/** SHA-256 where it is not known for which runtime a bundle is made: by Node's crypto where that is there. */
export function sha256(text: string, bytes?: Uint8Array): MaybePromise<string> {
	if (!node?.hash) return webSha256(text, bytes);
	return node.hash('sha256', bytes ? concat([new TextEncoder().encode(text), bytes]) : text, 'hex');
}
