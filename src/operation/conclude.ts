import type {Ending} from '../attempt/loop.ts';
import type {State} from './state.ts';

/** What the attempts amount to. */
export type Conclusion = {
	readonly state: Exclude<State, {status: 'sending'}>;
	/** No other attempt under this key can be told otherwise. */
	readonly firm: boolean;
	/** The application found it out; the server's answer is not at hand. */
	readonly found?: true;
};

/** A doubt stays one: only an answer that settles, or the certainty that nothing took place, ends it. */
export function conclude({why, verdict, ambiguous, answer}: Ending): Conclusion {
	const httpStatus = answer?.status;
	if (why === 'answered' && verdict !== undefined) {
		const {meaning, firm, final} = verdict;
		if (meaning === 'succeeded' || meaning === 'mismatched' || meaning === 'refused')
			return {state: {status: meaning, httpStatus}, firm};
		if (final) return {state: {status: 'unknown', final}, firm};
	}

	const doubt: State = why === 'expired' ? {status: 'unknown', final: true} : {status: 'unknown'};
	return {state: ambiguous ? doubt : {status: 'refused', httpStatus}, firm: false};
}
