import type {Shipped} from './all.ts';
import {answerAs, keyIn, replayOf, rowFor} from '../../src/dialects/answers.ts';
import {notSaved} from '../../src/dialects/ietf.ts';

/** What one attempt meets. `hold` keeps the work waiting once the key is taken. */
export type Fault = 'lose-request' | 'lose-response' | {readonly hold: Promise<unknown>} | {readonly after: number};

export type Received = {
	readonly key: string | null;
	readonly url: string;
	readonly headers: Headers;
	readonly body: string;
};

type Row = {readonly payload: string; saved?: Response};

/** A server that keeps keys as the profile says, and answers by its table, read backwards. */
export function dialectServer({dialect, profile}: Shipped, work: (count: number) => Response = created) {
	const rows = new Map<string, Row>();
	const requests: Received[] = [];
	const faults: Fault[] = [];
	let effects = 0;
	const keeps = (status: number) => {
		const saves = profile.name === 'stripe' ? 'everything' : (profile.saves ?? 'success');
		if (status < 300) return true;
		return saves !== 'success' && !notSaved.has(status) && (status < 500 || saves === 'everything');
	};
	const say = (...means: Parameters<typeof rowFor>[1][]) => {
		const row = means.map(one => rowFor(profile, one)).find(one => one !== undefined);
		return row && answerAs(row);
	};

	async function serve(request: Received, hold?: Promise<unknown>): Promise<Response> {
		const {key} = request;
		const payload = request.body.replaceAll(String(key), '');
		const known = key === null || profile.methods.length === 0 ? undefined : rows.get(key);
		if (known) {
			if (!known.saved) return say('in-progress') ?? Response.json({title: 'Conflict'}, {status: 409});
			const other = profile.compares !== false && known.payload !== payload && say('mismatched', 'key-used');
			if (other) return other;
			const repeats = profile.replayMarker === undefined ? say('already-done') : undefined;
			return repeats ?? replayOf(profile, known.saved.clone());
		}

		const row: Row = {payload};
		if (key !== null) rows.set(key, row);
		await hold;
		const response = work(effects + 1);
		if (response.ok) effects++;
		if (keeps(response.status)) row.saved = response.clone();
		else rows.delete(String(key));
		return response;
	}

	return {
		requests,
		effects: () => effects,
		script(...next: readonly Fault[]) {
			faults.push(...next);
		},
		async fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
			const request = new Request(input, init);
			const {url, headers} = request;
			const body = await request.text();
			const received = {key: keyIn(dialect, headers, {url, body}), url, headers, body};
			requests.push(received);
			const fault = faults.shift();
			if (fault === 'lose-request') throw new TypeError('fetch failed');
			if (typeof fault === 'object' && 'hold' in fault) return serve(received, fault.hold);
			const response = await serve(received);
			if (fault === 'lose-response') throw new TypeError('fetch failed');
			return fault ? new Response('<h1>Bad gateway</h1>', {status: fault.after}) : response;
		},
	};
}

function created(count: number): Response {
	return Response.json({data: {result: {id: count, userErrors: []}}}, {status: 201});
}
