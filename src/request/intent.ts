import type {Dialect} from '../dialects/dialect.ts';
import type {Environment} from '../environment.ts';
import type {FetchInput} from '../fetch-types.ts';
import {buildable, mistake} from '../mistake.ts';
import type {CallOptions, FetchOptions, Settings} from '../options.ts';
import {hushed, isPromise} from '../utils.ts';
import {canonicalName, isFromContent} from './identity.ts';
import {isRequest, methodOf, urlOf} from './input.ts';
import {validateKey, validateOwnKey} from './key.ts';

/** What a call wants to be. */
export type Intent =
	/** Not keyed: it passes untouched. */
	| {readonly kind: 'pass'}
	/** A named operation. */
	| ({readonly kind: 'named'; readonly name: readonly string[] | 'content'} & OwnKey)
	/** Keyed for this call alone, or for as long as calls under its own key are in flight. */
	| ({readonly kind: 'unnamed'} & OwnKey);

/** The caller's own key, and when it was made, in milliseconds since the epoch. */
export type OwnKey = {readonly ownKey: string | undefined; readonly since: number | undefined};

/** Throws a TypeError for a name or key that cannot be one. The body is not looked at. */
export function intentOf(
	input: FetchInput,
	init: (RequestInit & CallOptions) | undefined,
	{dialect, keyed}: Pick<Settings, 'dialect' | 'keyed'>,
	environment: Environment,
): Intent {
	const headerKey = unquoted(
		buildable(() => keyHeader(input, init, dialect.header)),
		dialect,
	);
	const given = init && 'idempotencyKey' in init ? validateOwnKey(init.idempotencyKey) : undefined;
	const borne = headerKey ?? dialect.carrier?.read({url: urlOf(input, environment), body: init?.body});
	const ownKey = given?.key ?? (borne === undefined ? undefined : validateKey(borne));
	if (ownKey !== undefined) dialect.checkKey?.(ownKey);
	if (headerKey !== undefined && ownKey !== headerKey)
		throw mistake(`idempotencyKey and header ${dialect.header} are two different keys`);

	if (init && 'operation' in init && init.operation !== true) {
		const {operation} = init;
		const method = methodOf(input, init);
		const name = isFromContent(operation) ? 'content' : canonicalName(operation);
		if (method === 'GET' || method === 'HEAD')
			throw mistake(`a ${method} has no effect to name; leave out its operation`);
		return {kind: 'named', name, ownKey, since: given?.since};
	}

	return ownKey !== undefined || init?.operation || isKeyed(keyed, input, init, environment)
		? {kind: 'unnamed', ownKey, since: given?.since}
		: {kind: 'pass'};
}

function isKeyed(
	keyed: FetchOptions['keyed'],
	input: FetchInput,
	init: RequestInit | undefined,
	environment: Environment,
): boolean {
	if (!keyed) return false;
	const method = methodOf(input, init);
	if (keyed === true) return !/^(GET|HEAD|OPTIONS)$/.test(method);
	if (typeof keyed !== 'function') return keyed.some(one => one.toUpperCase() === method.toUpperCase());
	const said: unknown = hushed(keyed({method, url: urlOf(input, environment)}));
	if (isPromise(said)) throw mistake('keyed gives a promise');
	return Boolean(said);
}

/** The call's own key header, wherever fetch takes headers from. */
function keyHeader(input: FetchInput, init: RequestInit | undefined, name: string): string | undefined {
	const headers: object = init?.headers ?? (isRequest(input) ? input.headers : {});
	const pairs: Array<[string, string]> =
		Symbol.iterator in headers ? [...(headers as Headers)] : Object.entries(headers);
	const found = pairs.filter(([header]) => header.toLowerCase() === name.toLowerCase());
	// As fetch would send several.
	return found.length === 0 ? undefined : found.map(([, value]) => value).join(', ');
}

/** A header in the quotes that the dialect would put around it holds the key without them. */
function unquoted(header: string | undefined, {formatKey}: Pick<Dialect, 'formatKey'>): string | undefined {
	const bare = header?.slice(1, -1);
	return bare && hushed(formatKey?.(bare)) === header ? bare : header;
}
