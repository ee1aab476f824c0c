import {hushed} from '../utils.ts';
import {jsonOf, type Answer, type Dialect} from '../dialects/dialect.ts';
import {isOfKey, reasonOf, wordsOf} from '../dialects/words.ts';
import {retryAfter} from './retry-after.ts';

/** What one attempt's result means. */
export type Meaning =
	| 'succeeded'
	| 'refused'
	| 'mismatched'
	/** The server has taken it, and has not finished it. */
	| 'pending'
	/** The first request is still being worked on. */
	| 'in-progress'
	/** A 409 that says nothing: in progress, or a refusal. */
	| 'conflict'
	/** Turned away before any work (425, 429). */
	| 'not-processed'
	/** No connection was made, or none that the client trusts. */
	| 'not-sent'
	/** Failed in a way that may have had its effect. */
	| 'failed'
	/** An answer that settles nothing (a redirect, a replayed 5xx, a key that was used, a refusal after an ambiguity). */
	| 'unsettled';

export type Verdict = {
	readonly meaning: Meaning;
	/** The effect may have happened, in this attempt or an earlier one that it did not settle. */
	readonly ambiguous: boolean;
	readonly next: 'end' | 'retry' | 'poll';
	/** A refusal that holds whatever another attempt under the same key was told: marked as a replay, or saved. */
	readonly binding: boolean;
	/** The server would only repeat itself. */
	readonly final: boolean;
	readonly replayed: boolean;
	/** What the server asks to wait, in milliseconds. */
	readonly retryAfter: number | undefined;
	/** After so many polls it is not asked again. */
	readonly mostPolls: number;
	/** The server has it already; `resource`: where. */
	readonly exists?: {readonly resource?: string | undefined} | undefined;
};

/** What `judge` may say. */
export type Judged = 'succeeded' | 'refused' | 'pending' | undefined;

export type Context = {
	readonly dialect: Dialect;
	readonly key: string;
	/** An earlier attempt of this operation may have had its effect. */
	readonly ambiguous: boolean;
	/** The server may have seen this key before. */
	readonly repeat: boolean;
	/** Somebody who shares no store with us may have sent this key: it is not random. */
	readonly foreign: boolean;
	readonly now: () => number;
	/** Its bytes are those of the first request under this key, as far as is known. */
	readonly unchanged: boolean;
	/** What the caller's `judge` says of a 2xx. */
	readonly judged: Judged;
};

/** An attempt that ended without an answer. */
export function verdictOfFailure({unsent}: {readonly unsent?: 'retry' | 'end' | undefined}): Verdict {
	return unsent ? verdict('not-sent', unsent) : verdict('failed', 'retry', {ambiguous: true});
}

/** A 409 that says nothing is asked about this often. */
const CONFLICT_POLLS = 3;

/** The rules, in order; the first that fits decides. A dialect refines them by data. */
export function verdictOfAnswer(answer: Answer, context: Context): Verdict {
	const {status, headers} = answer;
	const {dialect, key, ambiguous, repeat, foreign, judged} = context;

	// A fetch that gives no final status (RFC 9110 §15) has told nothing; 0 and 3xx are a redirect that was not followed.
	const isFinal = Number.isInteger(status) && /^[245]..$/.test(String(status));
	// A redirect may end at a login page: whatever it answers settles nothing.
	const redirected = answer.redirected && dialect.redirects !== 'settle';
	if (!isFinal || redirected) return verdict('unsettled', 'end', {ambiguous: true});

	// Before the marker: some servers save their own "in progress" or "key reused", and replay it.
	const replayed = hushed(dialect.isReplay(answer)) === true;
	const read = hushed(dialect.read?.(answer, key));
	if (!replayed && !read && status < 300 && (judged === undefined || judged === 'succeeded'))
		return verdict('succeeded', 'end', {binding: true});

	const wait = {retryAfter: retryAfter(headers, context.now())};
	const directive = shouldRetry(headers, dialect);
	if (read === 'in-progress') return inProgress(directive, {...wait, replayed});
	if (read === 'pending' || (judged === 'pending' && status < 300))
		return verdict('pending', 'end', {ambiguous: true, replayed, ...wait});
	if (typeof read === 'object') {
		// A random key with the same bytes: an unseen copy of this very request made it.
		if (read.sameKey && !foreign && context.unchanged)
			return verdict('succeeded', 'end', {binding: true, replayed: true, exists: read});
		return verdict('unsettled', 'end', {ambiguous: true, final: replayed, replayed, exists: read});
	}

	if (read) {
		// Told of our own repeat, or of a key that others send, "key reused" only says that this server refuses repeats.
		if (read === 'mismatched' && !repeat && !foreign) return verdict('mismatched', 'end', {replayed});
		return verdict('unsettled', 'end', {ambiguous: true, final: foreign || replayed, replayed});
	}

	// A replay is final: asking again gives the same.
	const unread = answer.body === undefined;
	if (replayed) {
		if (status === 408 || status >= 500) return verdict('unsettled', 'end', {ambiguous: true, final: true, replayed});
		// It is about the key or about work that goes on, in words that are not known; or nobody could read them.
		const later = directive === 'true' || wait.retryAfter !== undefined;
		const vague = status === 409 && (later || wordsOf(answer) === '');
		if (status >= 400 && (vague || unread || speaksOfKey(answer)))
			return verdict('unsettled', 'end', {ambiguous: true, replayed});
		const refused = status >= 400 || judged === 'refused';
		return verdict(refused ? 'refused' : 'succeeded', 'end', {binding: true, replayed});
	}

	const saved = !unread && hushed(dialect.saves?.(answer)) === true;
	if (isFailure(status))
		return directive === 'false'
			? verdict('unsettled', 'end', {ambiguous: true, final: saved})
			: verdict('failed', 'retry', {ambiguous: true, ...wait});

	if (status === 425 || status === 429) return verdict('not-processed', directive === 'false' ? 'end' : 'retry', wait);
	if (directive === 'true') return verdict('not-processed', 'retry', wait);

	if (status === 409) {
		if (wait.retryAfter !== undefined) return inProgress(directive, wait);
		if (directive !== 'false' && !isOrdinaryConflict(answer, ambiguous))
			// One that speaks of the key may say that it was used.
			return verdict('conflict', 'poll', {ambiguous: speaksOfKey(answer), mostPolls: CONFLICT_POLLS});
	}

	// After an ambiguous attempt a refusal is believed only if it is saved under the key; what a proxy answers is not.
	const binding = saved && status < 500;
	if ((ambiguous && !binding) || (unread && status === 422)) return verdict('unsettled', 'end', {ambiguous: true});
	return verdict('refused', 'end', {binding});
}

/** For calls without a key, by methods that RFC 9110 §9.2.2 calls idempotent: only whether to try again. */
export function verdictOfIdempotent({status, headers}: Pick<Answer, 'status' | 'headers'>, now: number): Verdict {
	return isFailure(status) || status === 425 || status === 429
		? verdict('failed', 'retry', {ambiguous: true, retryAfter: retryAfter(headers, now)})
		: verdict('succeeded', 'end');
}

function isFailure(status: number): boolean {
	return status === 408 || (status >= 500 && status !== 501 && status !== 505);
}

/** A 409 that names another reason ("e-mail exists") is a refusal like any other; without one it needs to be JSON and the first answer. */
function isOrdinaryConflict(answer: Answer, ambiguous: boolean): boolean {
	if (speaksOfKey(answer)) return false;
	return reasonOf(answer) !== '' || (jsonOf(answer) !== undefined && !ambiguous);
}

function speaksOfKey(answer: Answer): boolean {
	return isOfKey(wordsOf(answer));
}

function inProgress(directive: string | undefined, facts: Partial<Verdict>): Verdict {
	if (directive === 'false') return verdict('unsettled', 'end', {ambiguous: true});
	return verdict('in-progress', 'poll', {ambiguous: true, ...facts});
}

/** `true` and `false` decide; anything else is as good as nothing. */
function shouldRetry(headers: Headers, {shouldRetryHeader = 'x-should-retry'}: Dialect): string | undefined {
	return (headers.get(shouldRetryHeader) ?? headers.get('x-should-retry'))?.trim().toLowerCase();
}

export function verdict(meaning: Meaning, next: Verdict['next'], rest: Partial<Verdict> = {}): Verdict {
	return {
		ambiguous: false,
		binding: false,
		final: false,
		replayed: false,
		retryAfter: undefined,
		mostPolls: Infinity,
		...rest,
		meaning,
		next,
	};
}
