import type {Outcome} from '../errors.ts';

/**
 * Where an operation stands. This is what is persisted: resuming after a reload or a crash is
 * "decode, then feed the next event". `sending` whose owner is gone *is* unknown.
 */
export type State =
	| {readonly status: 'sending'}
	/** `said`: by somebody's word (`resolve`, `reconcile`): the server holds no answer that is known of. */
	| {readonly status: 'succeeded'; readonly httpStatus?: number | undefined; readonly said?: true}
	| {readonly status: 'refused'; readonly httpStatus?: number | undefined}
	| {readonly status: 'mismatched'; readonly httpStatus?: number | undefined}
	/** `final`: the server would only repeat itself, so nothing more is sent; left by `resolve` or `reconcile`. */
	| {readonly status: 'unknown'; readonly final?: true}
	/** The server has taken it and has not finished it. Nothing sends it again by itself: whoever asks, asks what became of it. */
	| {readonly status: 'pending'; readonly httpStatus?: number | undefined}
	/**
	 * Turned away before execution, as far as can be known: no connection was made, or something in front of the handler
	 * answered (`httpStatus`). Neither free nor open: the same request goes on under the same key, another one under a new key.
	 */
	| {readonly status: 'unprocessed'; readonly httpStatus?: number | undefined};

/**
 * The next state, by what was learnt: that it begins (`sending`), or what became of it. `undefined` stands for an
 * operation that is free: never begun, completed or forgotten. An answered success absorbs everything but a new beginning,
 * which is illegal until the operation is freed.
 */
export function transition(state: State | undefined, learnt: State, operation: string): State {
	if (learnt.status === 'sending') {
		if (isBeginnable(state)) return learnt;
	} else if (state !== undefined) {
		if (isDefinitive(state) && precedence(state) >= precedence(learnt)) return state;
		if (!isDefinitive(learnt) && isAtRest(state)) return state;
		// What may have had its effect once is not unprocessed any more.
		if (learnt.status === 'unprocessed' && state.status === 'unknown') return state;
		// A key that was already in doubt had its first attempt: the server only refuses the repeat.
		if (learnt.status !== 'mismatched' || state.status === 'sending') return learnt;
	}

	throw new Error(
		`latchkey invariant: operation ${operation} cannot become ${learnt.status} when it is ${state?.status ?? 'free'}`,
	);
}

function isBeginnable(state: State | undefined): boolean {
	return state === undefined || state.status === 'refused' || (!isDefinitive(state) && !isAtRest(state));
}

/** Unknown for good, as far as this key goes. */
export function isFinal(state: State): boolean {
	return state.status === 'unknown' && state.final === true;
}

/** Open, and not sent again by itself. */
export function isAtRest(state: State): boolean {
	return isFinal(state) || state.status === 'pending';
}

/** Neither definitive nor turned away: its effect may take place, or have taken place. */
export function isOpenState({status}: State): boolean {
	return status === 'sending' || status === 'unknown' || status === 'pending';
}

/** Whether it is known what became of the operation. */
export function isDefinitive(state: State): boolean {
	return precedence(state) >= precedences.refused;
}

/** What is told of it, where nobody is at it. */
export function outcomeOfState(state: State): Outcome {
	switch (state.status) {
		case 'unprocessed':
			return state.httpStatus === undefined ? 'not-sent' : 'refused';
		case 'sending':
			return 'unknown';
		case 'succeeded':
		case 'refused':
		case 'mismatched':
		case 'unknown':
		case 'pending':
			return state.status;
	}
}

/** What somebody said became of it (`resolve`, `reconcile`). */
export function saidState(outcome: 'succeeded' | 'refused'): State & {readonly status: 'succeeded' | 'refused'} {
	return outcome === 'succeeded' ? {status: outcome, said: true} : {status: outcome};
}

/** Whether it says what a server answered for good. */
export function isAnswered(state: State): state is State & {readonly status: 'succeeded' | 'refused' | 'mismatched'} {
	return isDefinitive(state) && !('said' in state);
}

const precedences: Readonly<Record<State['status'], number>> = {
	sending: 0,
	unprocessed: 0,
	unknown: 1,
	pending: 2,
	refused: 3,
	mismatched: 3,
	succeeded: 5,
};

/** Whether it is the status of a state. */
export function isStatus(value: unknown): boolean {
	return typeof value === 'string' && Object.hasOwn(precedences, value);
}

/**
 * Definitive states never give way to weaker ones, whoever writes them: unprocessed < unknown < pending < refused =
 * mismatched < succeeded by somebody's word < succeeded.
 */
export function precedence(state: State): number {
	return state.status === 'succeeded' && state.said ? precedences.succeeded - 1 : precedences[state.status];
}
