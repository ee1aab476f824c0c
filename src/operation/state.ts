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

export type StateEvent =
	| {readonly type: 'begin'}
	| {readonly type: 'succeed'; readonly httpStatus?: number | undefined}
	| {readonly type: 'refuse'; readonly httpStatus?: number | undefined}
	| {readonly type: 'mismatch'; readonly httpStatus?: number | undefined}
	| {readonly type: 'doubt'; readonly final?: true};

/**
 * The next state. `undefined` stands for an operation that is free: never begun, completed or forgotten.
 * `succeeded` absorbs everything but a new beginning, which is illegal until the operation is freed.
 */
export function transition(state: State | undefined, event: StateEvent, operation: string): State {
	switch (event.type) {
		case 'begin':
			if (state === undefined || state.status === 'refused' || state.status === 'sending') return {status: 'sending'};
			if (state.status === 'unknown' && !state.final) return {status: 'sending'};
			break;
		case 'succeed':
			if (state?.status === 'succeeded') return state;
			if (state !== undefined) return {status: 'succeeded', httpStatus: event.httpStatus};
			break;
		case 'refuse':
			if (state?.status === 'succeeded' || state?.status === 'refused' || state?.status === 'mismatched') return state;
			if (state !== undefined) return {status: 'refused', httpStatus: event.httpStatus};
			break;
		case 'mismatch':
			if (state?.status === 'succeeded' || state?.status === 'refused' || state?.status === 'mismatched') return state;
			// A key that was already in doubt had its first attempt: the server only refuses the repeat.
			if (state?.status === 'sending') return {status: 'mismatched', httpStatus: event.httpStatus};
			break;
		case 'doubt':
			if (state?.status === 'sending') return event.final ? {status: 'unknown', final: true} : {status: 'unknown'};
			if (state?.status === 'unknown') return event.final || state.final ? {status: 'unknown', final: true} : state;
			if (state !== undefined) return state;
			break;
	}

	throw new Error(
		`latchkey invariant: operation ${operation} cannot ${event.type} when it is ${state?.status ?? 'free'}`,
	);
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
