import type {Progress} from '../attempt/progress.ts';
import {bounded} from '../bounded.ts';
import {notSaved} from '../dialects/ietf.ts';
import type {Ending} from './attempts.ts';
import type {State} from './state.ts';
import type {Run} from './operations.ts';

/** What the attempts amount to. */
export type Finding = {
	readonly state: Exclude<State, {status: 'sending'}>;
	/** No other attempt under this key can be told otherwise. */
	readonly binding: boolean;
	/** The application found it out; the server's answer is not at hand. */
	readonly found?: true;
};

/** An ambiguity stays one: only an answer that settles ends it. */
export function conclude({exchange, verdict, ambiguous, answer}: Progress, why: Ending): Finding {
	const httpStatus = answer?.status;
	if (why === 'answered' && verdict !== undefined) {
		const {meaning, binding, final} = verdict;
		switch (meaning) {
			case 'refused':
				return binding ? {state: {status: meaning, httpStatus}, binding} : turnedDown(httpStatus);
			case 'succeeded':
			case 'mismatched':
				return {state: {status: meaning, httpStatus}, binding};
			case 'in-progress':
			case 'conflict':
			case 'not-processed':
			case 'not-sent':
			case 'failed':
			case 'unsettled':
				if (final) return {state: {status: 'unknown', final}, binding};
		}
	}

	// Past its end a key is too old by the record itself, as long as the clock says so.
	if (ambiguous) return {state: {status: 'unknown', ...(why === 'final' && {final: true})}, binding: false};
	// An earlier answer tells what stands in front of the handler; one of the handler itself was to be asked again.
	const last = exchange?.answer?.status ?? httpStatus;
	const told = last !== undefined && (exchange?.answer !== undefined || notSaved.has(last));
	return told ? turnedDown(last) : {state: {status: 'unprocessed'}, binding: false};
}

/**
 * Refused, without a word that this holds for every copy of the request. NGINX and browsers repeat a POST unseen: what
 * is answered in front of execution may be the answer to a second copy, so that such a refusal keeps its key.
 */
function turnedDown(httpStatus: number | undefined): Finding {
	const inFront = httpStatus !== undefined && notSaved.has(httpStatus);
	return {state: {status: inFront ? 'unprocessed' : 'refused', httpStatus}, binding: false};
}

/**
 * Asks the application what became of the operation, within the time of one attempt. An application that fails, or
 * takes too long, does not know.
 */
export async function reconcile(run: Run): Promise<'succeeded' | 'refused' | undefined> {
	const {environment, settings, operation, key} = run;
	const ms = Math.min(settings.timeout, run.remaining());
	if (settings.reconcile === undefined || key === undefined || ms <= 0) return undefined;
	// Another user's session would find nothing.
	if (!run.sameScope()) return undefined;
	const ask = async (of: NonNullable<typeof settings.reconcile>) => of({operation: operation.name, key});
	const found = await bounded(environment, ask(settings.reconcile), ms).catch(() => undefined);
	return found === 'succeeded' || found === 'refused' ? found : undefined;
}
