import type {Ending} from '../attempt/loop.ts';
import type {StateEvent} from './state.ts';

/** What the attempts amount to. */
export type Conclusion = {
	readonly event: StateEvent;
	/** No other attempt under this key can be told otherwise. */
	readonly firm: boolean;
	/** The application found it out; the server's answer is not at hand. */
	readonly found?: 'succeeded' | 'refused';
};

/** A doubt stays one: only an answer that settles, or the certainty that nothing took place, ends it. */
export function conclude({why, verdict, ambiguous, answer}: Ending): Conclusion {
	const httpStatus = answer?.status;
	if (why === 'answered' && verdict !== undefined) {
		if (verdict.meaning === 'succeeded') return {event: {type: 'succeed', httpStatus}, firm: true};
		if (verdict.meaning === 'mismatched') return {event: {type: 'mismatch', httpStatus}, firm: false};
		if (verdict.meaning === 'refused') return {event: {type: 'refuse', httpStatus}, firm: verdict.firm};
		if (verdict.final) return {event: {type: 'doubt', final: true}, firm: false};
	}

	if (ambiguous) return {event: why === 'expired' ? {type: 'doubt', final: true} : {type: 'doubt'}, firm: false};
	return {event: {type: 'refuse', httpStatus}, firm: false};
}
