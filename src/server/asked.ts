import {mistake} from '../mistake.ts';
import {isPromise, type MaybePromise} from '../utils.ts';
import type {KeptAnswer, Subject} from './entry.ts';
import {fingerprintOf, idOf, scopeOf} from './identity.ts';
import {isKey, keyIn} from './key.ts';
import type {Header} from './operation-fetch.ts';
import type {GuardOptions} from './options.ts';
import {problem} from './problem.ts';

/** A request, of whatever framework. */
export type Incoming = {
	readonly method: string;
	readonly path: string;
	/** With its question mark, or empty. */
	readonly search: string;
	readonly header: Header;
	/** `null`: all callers are one. */
	readonly whose: (() => MaybePromise<string | Response>) | null;
	/** `undefined`: its caller has gone before it was sent whole. */
	readonly body: () => MaybePromise<Uint8Array<ArrayBuffer> | undefined>;
	readonly fingerprint: ((body: Uint8Array) => MaybePromise<string>) | undefined;
	readonly keyFrom: 'content' | ((body: Uint8Array) => MaybePromise<string | null | undefined>) | undefined;
};

/** Under which key a request comes, and what makes it this request. */
export type Asked = {
	readonly subject: Subject;
	readonly fingerprint: string;
	/** Of its entry. */
	readonly id: string;
	readonly body: Uint8Array<ArrayBuffer>;
};

/** What a request asks for. */
export type Asking =
	| ({readonly type: 'asked'} & Asked)
	/** It has no key, and needs none. */
	| {readonly type: 'keyless'}
	| {readonly type: 'refused'; readonly answer: KeptAnswer}
	/** The application answers it instead. */
	| {readonly type: 'passed'; readonly response: Response};

/** Waits for nothing that is there: most requests wait for their body alone. */
export async function askedOf(
	{name, required}: Required<Pick<GuardOptions, 'name' | 'required'>>,
	request: Incoming,
): Promise<Asking> {
	const {method, path, header, keyFrom} = request;
	const own = keyIn(header('idempotency-key'));
	if (own === undefined) return refused(problem('key-malformed'));
	const none = (): Asking => (required ? refused(problem('key-missing')) : {type: 'keyless'});
	if (own === null && !keyFrom) return none();
	let scope: string | null = null;
	if (request.whose) {
		const given = request.whose();
		const whose = isPromise(given) ? await given : given;
		if (typeof whose === 'object' && typeof whose?.status === 'number') return {type: 'passed', response: whose};
		if (!whose || typeof whose !== 'string')
			throw mistake('the scope of a guard has to give text for every request, or a Response');
		scope = whose;
	}

	const read = request.body();
	const body = isPromise(read) ? await read : read;
	if (body === undefined) return refused({status: 400, statusText: '', headers: [], body: null});
	const printed = request.fingerprint && (await request.fingerprint(body));
	if (request.fingerprint && typeof printed !== 'string') throw mistake('fingerprint of a guard has to give text');
	const print = fingerprintOf(request, printed ?? body);
	const fingerprint = isPromise(print) ? await print : print;
	const key = own ?? (keyFrom === 'content' ? fingerprint : await keyFrom?.(body));
	if (key === undefined || key === null) return none();
	if (typeof key !== 'string' || !isKey(key))
		throw mistake('keyFrom of a guard has to give 1 to 255 visible ASCII characters');
	const hashed = scopeOf(scope);
	const subject: Subject = {guard: name, scope: isPromise(hashed) ? await hashed : hashed, method, path, key};
	const place = idOf(subject);
	return {type: 'asked', subject, fingerprint, body, id: isPromise(place) ? await place : place};
}

const refused = (answer: KeptAnswer): Asking => ({type: 'refused', answer});
