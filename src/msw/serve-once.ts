import type {Ledger, SavedAnswer} from './ledger.ts';
import type {Payload} from './payload.ts';
import {problem} from './problem.ts';

/** Which answers a server keeps under a key: only 2xx; 3xx and 4xx too; or all, 5xx included. */
export type Saves = 'success' | 'errors' | 'everything';

/** They speak of this moment only, so a server that keeps errors does not keep these. */
const momentary = new Set([408, 409, 425, 429]);

/** Runs the operation once per key and answers repeats as the draft says. An answer that is not kept frees its key. */
export async function serveOnce<Answer extends Response | undefined>(
	ledger: Ledger,
	{key, payload}: {key: string; payload: Payload},
	saves: Saves,
	run: () => Promise<Answer>,
): Promise<Answer | Response> {
	const entry = ledger.begin(key, payload);
	if (entry.status === 'mismatch') return problem('mismatch');
	if (entry.status === 'running') return problem('running');
	if (entry.status === 'finished') return replay(entry.answer);

	try {
		const response = await run();
		if (response !== undefined && keeps(saves, response.status)) entry.save(await copy(response));
		else entry.release();
		return response;
	} catch (error) {
		entry.release();
		throw error;
	}
}

function keeps(saves: Saves, status: number): boolean {
	if (status < 200) return false;
	if (saves === 'everything') return true;
	return saves === 'success' ? status < 300 : status < 500 && !momentary.has(status);
}

async function copy(response: Response): Promise<SavedAnswer> {
	const {status, statusText, headers} = response;
	const body = new Uint8Array(await response.clone().arrayBuffer());
	return {status, statusText, headers: [...headers], body};
}

function replay({status, statusText, headers, body}: SavedAnswer): Response {
	const hasBody = ![204, 205, 304].includes(status);
	const response = new Response(hasBody ? body : null, {status, statusText, headers: [...headers]});
	response.headers.set('idempotent-replayed', 'true');
	return response;
}
