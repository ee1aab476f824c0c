import type {FetchInput} from '../fetch-types.ts';
import {mistake} from '../mistake.ts';
import {abortOf} from '../aborts.ts';
import {can} from '../utils.ts';
import {isRequest} from './prepared-request.ts';

/** The signal of a call. Throws its reason where it is aborted already: nothing has been sent then. */
export function signalOf(input: FetchInput, init: RequestInit | undefined): AbortSignal | undefined {
	const signal = (init?.signal === undefined && isRequest(input) ? input.signal : init?.signal) ?? undefined;
	if (signal && !can(signal, 'addEventListener')) throw mistake('signal takes an AbortSignal');
	if (signal?.aborted) throw abortOf(signal, false);
	return signal;
}
