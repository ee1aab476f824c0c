import type {Means} from '../dialects/profile.ts';
import type {FetchHeaders} from '../fetch-types.ts';
import {isPromise} from '../utils.ts';
import type {OptionSpec} from '../validate.ts';
import {isMeans} from './answers.ts';

/** What a caller meets instead of an answer: a status from something in front of the server, a failed connection, or nothing at all. */
type Failure = {readonly status: number | 'network-error' | 'time-out'; readonly headers?: FetchHeaders};

/** How long, in milliseconds by timers that a test may fake, or until when. */
type Wait = number | Promise<unknown>;

/**
 * What goes wrong with one attempt.
 *
 * - `'none'`: nothing.
 * - `'lose-request'`: the connection fails before the server has seen the request. No effect.
 * - `'lose-response'`: the server does its work and keeps the answer, then the connection fails.
 * - `'hide-headers'`: the answer comes without the headers that CORS hides: no replay marker, no `Retry-After`.
 * - `'forget-keys'`: the retention of all answers is over when this attempt arrives: it runs again.
 * - `{status, when: 'before-effect'}`: this is met, and the server has not seen the request. No effect.
 * - `{status, when: 'during-effect', hold}`: this is met at once, and the server works on. Others are told that a request is in
 *   progress, until it is done.
 * - `{status, when: 'after-effect', saved}`: the server does its work, then this is met. What a repeat finds: `'answer'`, as by
 *   default, that of the server; `'status'`, this status again; `'nothing'`, so that it runs again; `'doubt'`, that nobody knows.
 * - `{hold}`: the server takes the key, then waits before its effect. Others are told that a request is in progress.
 * - `{pending}`: the server takes the operation, and answers that it is not finished. Later it is, and its repeats get
 *   what the resolver answers then, but where an API wants to be asked by a GET.
 * - `{says}`: the answer by which the dialect says this, and nothing is done: `'mismatched'`, `'in-progress'`, `'expired'`…
 */
export type Fault =
	| 'none'
	| 'lose-request'
	| 'lose-response'
	| 'hide-headers'
	| 'forget-keys'
	| (Failure & {readonly when: 'before-effect'})
	| (Failure & {readonly when: 'during-effect'; readonly hold: Wait})
	| (Failure & {readonly when: 'after-effect'; readonly saved?: 'answer' | 'status' | 'nothing' | 'doubt'})
	| {readonly hold: Wait}
	| {readonly pending: Wait}
	| {readonly says: Means};

/** Faults by chance, the same at every run. */
export type RandomFaults = {
	/** Any number: another one is another sequence. */
	readonly seed: number;
	/** How likely it is that an attempt meets one, from 0 to 1. */
	readonly probability: number;
	/** Which ones, each as likely as the others. */
	readonly of: readonly Fault[];
};

/** A fault, taken apart. */
export type Plan = {
	readonly failure?: Failure;
	readonly when?: 'before-effect' | 'during-effect' | 'after-effect';
	readonly saved?: 'answer' | 'status' | 'nothing' | 'doubt';
	readonly hold?: Wait;
	readonly pending?: Wait;
	readonly says?: Means;
	readonly hides?: true;
	readonly forgets?: true;
};

const named: Readonly<Record<string, Plan>> = {
	none: {},
	'lose-request': {failure: {status: 'network-error'}, when: 'before-effect'},
	'lose-response': {failure: {status: 'network-error'}, when: 'after-effect'},
	'hide-headers': {hides: true},
	'forget-keys': {forgets: true},
};

/** What the attempts meet, one after the other. */
export function scriptOf(faults: readonly Fault[] | RandomFaults): () => Plan {
	let attempt = 0;
	if (!isRandom(faults)) return () => planOf(faults[attempt++] ?? 'none');
	const random = randomFrom(faults.seed);
	return () => {
		const [met, which] = [random() < faults.probability, random()];
		return planOf((met && faults.of[Math.floor(which * faults.of.length)]) || 'none');
	};
}

function isRandom(faults: readonly Fault[] | RandomFaults): faults is RandomFaults {
	return !Array.isArray(faults);
}

function planOf(fault: Fault): Plan {
	if (typeof fault === 'string') return named[fault] ?? {};
	return 'status' in fault ? {...fault, failure: fault} : fault;
}

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
	let state = seed;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
	};
}

/** A name that is misspelt would be no fault, and the test that relies on it would pass. */
function isFault(fault: unknown): boolean {
	if (typeof fault === 'string') return Object.hasOwn(named, fault);
	const {status, when, hold, pending, says, saved} = Object(fault) as Record<string, unknown>;
	if (status === undefined) return when === undefined && (isMeans(says) || isWait(hold ?? pending));
	const isAnswer = Number.isInteger(status);
	if (!isAnswer && status !== 'network-error' && status !== 'time-out') return false;
	if (when === 'after-effect')
		return [undefined, 'answer', 'nothing', 'doubt', isAnswer && 'status'].includes(saved as string);
	return saved === undefined && (when === 'before-effect' || (when === 'during-effect' && isWait(hold)));
}

function isWait(wait: unknown): boolean {
	return (typeof wait === 'number' && wait >= 0) || isPromise(wait);
}

/** What `faults` may be. */
export const faultsSpec: OptionSpec = {
	expects: 'a list of faults, or {seed, probability, of} with a probability from 0 to 1',
	test(faults) {
		if (Array.isArray(faults)) return faults.every(isFault);
		const {seed, probability, of} = Object(faults) as Partial<RandomFaults>;
		const likely = typeof probability === 'number' && probability >= 0 && probability <= 1;
		return Number.isFinite(seed) && likely && Array.isArray(of) && of.every(isFault);
	},
};
