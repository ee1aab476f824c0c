import type {
	Beginning,
	BeginResult,
	Entry,
	EntryStore,
	Hold,
	HoldResult,
	ResolveResult,
	Seen,
	TakeResult,
} from './entry.ts';

/** What a step answers, and what it writes: an entry, `null` for none any more, or nothing at all. */
export type Step<R> = {readonly result: R; readonly write?: Entry | null};

type Given<S extends keyof EntryStore> = Parameters<NonNullable<EntryStore[S]>>[1];

/** Past its retention; or its owner is gone and cannot have acted. A doubt never is, however old. */
export function isAbsent(entry: Entry, now: number): boolean {
	if (entry.state === 'running') return !entry.mayHaveActed && now >= entry.leaseUntil;
	return entry.state === 'answered' && entry.expiresAt !== undefined && now >= entry.expiresAt;
}

/** Somebody is at it. */
function isHeld(entry: Entry, now: number): boolean {
	return entry.owner !== '' && now < entry.leaseUntil;
}

export function beginRule(entry: Entry | undefined, beginning: Beginning, now: number): Step<BeginResult> {
	const {subject, fingerprint, owner, lease, onLapsed} = beginning;
	const own = entry?.state === 'running' && entry.owner === owner && entry.fingerprint === fingerprint;
	if (entry === undefined || own || isAbsent(entry, now)) return begun(entry, own);
	// First, because another payload under the key is never an answer to this one.
	if (entry.fingerprint !== fingerprint) return {result: {status: 'reused', entry, now}};
	if (entry.state === 'answered') return {result: {status: 'answered', entry, now}};
	if (isHeld(entry, now)) return {result: {status: 'busy', entry, now}};
	if (entry.state === 'running' && onLapsed === 'reexecute') return begun(entry, false, true);
	return {result: {status: 'doubt', entry, now}};

	/** `knowing`: what the run before has done, and since when, holds for this one. */
	function begun(before: Entry | undefined, again: boolean, knowing = again): Step<BeginResult> {
		const write: Entry = {
			subject,
			fingerprint,
			state: 'running',
			mayHaveActed: beginning.mayHaveActed || (knowing && before?.mayHaveActed === true),
			owner,
			token: (before?.token ?? 0) + (again ? 0 : 1),
			leaseUntil: now + lease,
			createdAt: knowing ? (before?.createdAt ?? now) : now,
		};
		return {result: {status: 'begun', entry: write, now}, write};
	}
}

export function markRule(entry: Entry | undefined, hold: Given<'mark'>, now: number): Step<HoldResult> {
	if (entry?.state !== 'running') return lost;
	return held(entry, hold, {mayHaveActed: true, leaseUntil: now + hold.lease});
}

/** Not of an entry that is free by now: another may begin at any moment. */
export function renewRule(entry: Entry | undefined, hold: Given<'renew'>, now: number): Step<HoldResult> {
	return entry && isAbsent(entry, now) ? lost : held(entry, hold, {leaseUntil: now + hold.lease});
}

export function answerRule(entry: Entry | undefined, hold: Given<'answer'>, now: number): Step<HoldResult> {
	const {answer, retention} = hold;
	// One that was taken over may have begun longer ago than answers are kept.
	const since = entry?.state === 'running' && entry.token === 1 ? entry.createdAt : now;
	const expiresAt = retention === undefined ? undefined : since + retention;
	return held(entry, hold, {state: 'answered', owner: '', leaseUntil: 0, answer, expiresAt});
}

export function releaseRule(entry: Entry | undefined, hold: Given<'release'>): Step<HoldResult> {
	const step = held(entry, hold, {state: 'doubt', mayHaveActed: true, owner: '', leaseUntil: 0});
	return step.write && hold.as === 'free' ? {...step, write: null} : step;
}

export function takeRule(entry: Entry | undefined, taking: Given<'take'>, now: number): Step<TakeResult> {
	if (entry === undefined || entry.state === 'answered' || isAbsent(entry, now)) return {result: {status: 'none'}};
	const {owner, lease} = taking;
	const own = entry.state === 'doubt' && entry.owner === owner;
	if (!own && isHeld(entry, now)) return {result: {status: 'busy', entry, now}};
	const token = entry.token + (own ? 0 : 1);
	const write: Entry = {...entry, state: 'doubt', owner, token, leaseUntil: now + lease};
	return {result: {status: 'taken', entry: write}, write};
}

export function resolveRule(
	entry: Entry | undefined,
	found: Given<'resolve'>,
	now: number,
	seen?: Seen,
): Step<ResolveResult> {
	if (entry === undefined || entry.expiresAt !== undefined || isAbsent(entry, now)) return {result: {status: 'none'}};
	if (isHeld(entry, now)) return {result: {status: 'busy'}};
	// What was found out about another run, or before this one went on, says nothing of it.
	if (seen && identity.some(name => seen[name] !== entry[name])) return {result: {status: 'none'}};
	if (found === 'undone') return {result: {status: 'resolved'}, write: null};
	const expiresAt = found.retention === undefined ? undefined : now + found.retention;
	// Whoever had it has lost it, even if its lease was never taken.
	const settled = {state: 'answered', owner: '', leaseUntil: 0, token: entry.token + 1, answer: found.answer} as const;
	return {result: {status: 'resolved'}, write: {...entry, ...settled, expiresAt}};
}

const identity = ['fingerprint', 'token', 'leaseUntil', 'createdAt'] as const;

const lost: Step<HoldResult> = {result: {status: 'lost'}};

function held(entry: Entry | undefined, {owner, token}: Hold, change: Partial<Entry>): Step<HoldResult> {
	if (entry?.owner !== owner || entry.token !== token || entry.state === 'answered') return lost;
	return {result: {status: 'done'}, write: {...entry, ...change}};
}
