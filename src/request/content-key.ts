import {v5} from 'uuid';
import type {KeyFrom} from './key.ts';

const NAMESPACE = '5421c8c6-8663-41d6-a3c3-5e99937b1eaa';

/**
 * Derives the key from the scope, the operation, the request and the last key under that name: a UUIDv5. Two devices of
 * one user that begin the same operation with the same request get the same key; a freed operation still gets a new one.
 *
 * Some servers take UUIDv4 only; leave `keyFrom` out for these. Where several devices send such keys, a refusal is believed
 * only if the dialect says that it is saved.
 *
 * @example
 * const fetch = createFetch({keyFrom: contentKey(), dialect: ietf({saves: 'errors'})});
 */
export function contentKey(): KeyFrom {
	return ({scope, operation, fingerprint, previousKey}) =>
		v5(JSON.stringify([scope, operation, fingerprint, previousKey ?? null]), NAMESPACE);
}
