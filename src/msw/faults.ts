import {HttpResponse} from 'msw';
import type {FetchHeaders} from '../fetch-types.ts';

/**
 * What goes wrong with one attempt.
 *
 * - `'none'`: nothing.
 * - `'lose-request'`: the connection fails before the server has seen the request. No effect.
 * - `'lose-response'`: the server does its work and saves the answer, then the connection fails.
 * - `{status, when: 'before-effect'}`: something in front of the server answers for it. No effect.
 * - `{status, when: 'after-effect'}`: the server does its work and saves its answer, but this status is seen.
 * - `{hold}`: the server takes the key, then waits for the promise before its effect. Others get 409 meanwhile.
 */
export type Fault =
	| 'none'
	| 'lose-request'
	| 'lose-response'
	| {readonly status: number; readonly when: 'before-effect' | 'after-effect'; readonly headers?: FetchHeaders}
	| {readonly hold: Promise<unknown>};

/** Serves one attempt with its fault. `serve` does the healthy work; its effect waits for the promise it is given. */
export async function serveWith(
	fault: Fault,
	serve: (hold?: Promise<unknown>) => Promise<Response | undefined>,
): Promise<Response | undefined> {
	if (fault === 'none') return serve();
	if (fault === 'lose-request') return HttpResponse.error();
	if (fault === 'lose-response') {
		await serve();
		return HttpResponse.error();
	}

	if ('hold' in fault) return serve(fault.hold);
	if (fault.when === 'after-effect') await serve();
	return new HttpResponse(null, fault);
}
