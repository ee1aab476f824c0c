/**
 * Where an operation stands. This is what is persisted: resuming after a reload or a crash is
 * "decode, then feed the next event". `sending` whose owner is gone *is* unknown.
 */
export type State =
	| {readonly status: 'sending'}
	| {readonly status: 'succeeded'; readonly httpStatus?: number | undefined}
	| {readonly status: 'refused'; readonly httpStatus?: number | undefined}
	| {readonly status: 'mismatched'; readonly httpStatus?: number | undefined}
	/** `final`: the server would only repeat itself, so nothing more is sent; left by `resolve` or `reconcile`. */
	| {readonly status: 'unknown'; readonly final?: true};

/**
 * The next state, by what was learnt: that it begins (`sending`), or what became of it. `undefined` stands for an
 * operation that is free: never begun, completed or forgotten. `succeeded` absorbs everything but a new beginning, which
 * is illegal until the operation is freed.
 */
export function transition(state: State | undefined, learnt: State, operation: string): State {
	if (learnt.status === 'sending') {
		if (isBeginnable(state)) return learnt;
	} else if (state !== undefined) {
		if (strength(state) > 0 && strength(state) >= strength(learnt)) return state;
		if (learnt.status === 'unknown' && isFinal(state)) return state;
		// A key that was already in doubt had its first attempt: the server only refuses the repeat.
		if (learnt.status !== 'mismatched' || state.status === 'sending') return learnt;
	}

	throw new Error(
		`latchkey invariant: operation ${operation} cannot become ${learnt.status} when it is ${state?.status ?? 'free'}`,
	);
}

function isBeginnable(state: State | undefined): boolean {
	return state === undefined || state.status === 'refused' || (strength(state) === 0 && !isFinal(state));
}

/** Unknown for good, as far as this key goes. */
export function isFinal(state: State): boolean {
	return state.status === 'unknown' && state.final === true;
}

/** Definitive states never give way to weaker ones, whoever writes them: succeeded > refused, mismatched > the rest. */
export function strength(state: State): 0 | 1 | 2 {
	if (state.status === 'succeeded') return 2;
	return state.status === 'refused' || state.status === 'mismatched' ? 1 : 0;
}
