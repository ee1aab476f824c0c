import {v5} from 'uuid';
import type {KeyFrom} from './key.ts';

const NAMESPACE = '5421c8c6-8663-41d6-a3c3-5e99937b1eaa';

/**
 * Derives the key from the operation, the request and the last key under that name: a UUIDv5. Two devices that begin
 * the same operation with the same request get the same key, and a freed operation still gets a new one.
 *
 * Scope and credentials are no part of it: where a server does not keep keys apart by account, put the user into the
 * operation's name. Some servers take UUIDv4 only; leave `keyFrom` out for these.
 *
 * @example
 * const fetch = createFetch({keyFrom: contentKey()});
 */
export function contentKey(): KeyFrom {
	return ({operation, fingerprint, previousKey}) =>
		v5(JSON.stringify([operation, fingerprint, previousKey ?? null]), NAMESPACE);
}
