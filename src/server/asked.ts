import {mistake} from '../mistake.ts';
import type {MaybePromise} from '../utils.ts';
import type {KeptAnswer, Subject} from './entry.ts';
import {fingerprintOf, scopeOf} from './identity.ts';
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
	readonly whose: () => MaybePromise<string | null | Response>;
	/** `undefined`: its caller has gone before it was sent whole. */
	readonly body: () => MaybePromise<Uint8Array<ArrayBuffer> | undefined>;
	readonly fingerprint: ((body: Uint8Array) => MaybePromise<string>) | undefined;
	readonly keyFrom: 'content' | ((body: Uint8Array) => MaybePromise<string | null | undefined>) | undefined;
};

/** Under which key a request comes, and what makes it this request. */
export type Asked = {
	readonly subject: Subject;
	readonly fingerprint: string;
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

export async function askedOf(
	{name, required}: Required<Pick<GuardOptions, 'name' | 'required'>>,
	request: Incoming,
): Promise<Asking> {
	const {method, path, header, keyFrom} = request;
	const own = keyIn(header('idempotency-key'));
	if (own === undefined) return refused(problem('key-malformed'));
	const none = (): Asking => (required ? refused(problem('key-missing')) : {type: 'keyless'});
	if (own === null && !keyFrom) return none();
	const whose = await request.whose();
	if (typeof whose === 'object' && typeof whose?.status === 'number') return {type: 'passed', response: whose};
	if (whose !== null && (!whose || typeof whose !== 'string'))
		throw mistake('the scope of a guard has to give text for every request, or a Response');
	const body = await request.body();
	if (body === undefined) return refused({status: 400, statusText: '', headers: [], body: null});
	const printed = request.fingerprint && (await request.fingerprint(body));
	const fingerprint = await fingerprintOf(request, printed ?? body);
	const key = own ?? (keyFrom === 'content' ? fingerprint : await keyFrom?.(body));
	if (key === undefined || key === null) return none();
	if (!isKey(key)) throw mistake('keyFrom of a guard has to give 1 to 255 visible ASCII characters');
	const subject: Subject = {guard: name, scope: await scopeOf(whose), method, path, key};
	return {type: 'asked', subject, fingerprint, body};
}

const refused = (answer: KeptAnswer): Asking => ({type: 'refused', answer});
