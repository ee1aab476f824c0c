import {answerAs, replayOf, rowFor} from '../dialects/answers.ts';
import {meanings} from '../dialects/codes.ts';
import {notSaved} from '../dialects/ietf.ts';
import type {Means, Profile} from '../dialects/profile.ts';
import {responseOf} from '../server/kept.ts';
import {problem, type ProblemCode} from '../server/problem.ts';

/** Which answers are kept under the key: only 2xx; 3xx and 4xx too, if they do not speak of the moment; 5xx as well. */
export type Saves = 'success' | 'errors' | 'everything';

/** What an API keeps; 2xx only, where nothing is known. */
export function savedBy({saves, exchanges}: Profile): Saves {
	const keepsFailures = exchanges.some(({status, saved}) => saved && [status].flat().includes('5xx'));
	return saves ?? (keepsFailures ? 'everything' : 'success');
}

export function keeps(saves: Saves, status: number): boolean {
	if (status < 300) return status >= 200;
	return saves !== 'success' && !notSaved.has(status) && (status < 500 || saves === 'everything');
}

/** Whether another payload under a key is told. */
export function compares(profile: Profile): boolean {
	return profile.compares !== false && (rowFor(profile, 'mismatched') ?? rowFor(profile, 'key-used')) !== undefined;
}

/** What is usual where neither the API nor the guard is known to say it. */
const usual: Readonly<Partial<Record<Means, number>>> = {
	first: 201,
	replayed: 201,
	'in-progress': 409,
	'key-used': 409,
	pending: 202,
	'failed-before': 409,
	expired: 412,
	refused: 402,
	failed: 500,
};

/** The answer by which an API says this. `resource`: what it names, where it names one. */
export function say(profile: Profile, means: Means, resource?: string): Response {
	const [code] = Object.entries(meanings).find(([, it]) => it === means) ?? [];
	if (code !== undefined && isGuard(profile)) return responseOf(problem(code as ProblemCode));
	const row = rowFor(profile, means) ?? (means === 'mismatched' ? rowFor(profile, 'key-used') : undefined);
	if (row) return answerAs(row, resource);
	const status = usual[means];
	if (code !== undefined && status === undefined) return responseOf(problem(code as ProblemCode));
	return Response.json({title: means}, {status: status ?? 409});
}

/** Whether there is an answer that says this. */
export function isMeans(means: unknown): boolean {
	return Object.hasOwn(usual, String(means)) || Object.values<unknown>(meanings).includes(means);
}

export function isGuard({name}: Profile): boolean {
	return name === 'latchkey';
}

/** What the guard answered without a run, as this API says it. */
export async function translated(profile: Profile, response: Response): Promise<Response> {
	const {status, statusText, body} = response;
	if (response.headers.has('idempotent-replayed')) {
		const headers = new Headers(response.headers);
		headers.delete('idempotent-replayed');
		const first = new Response(body, {status, statusText, headers});
		const isDone = profile.replayMarker === undefined && status < 300 && rowFor(profile, 'already-done');
		return isDone ? say(profile, 'already-done', await resourceIn(first)) : replayOf(profile, first);
	}

	const said = (
		(await response
			.clone()
			.json()
			.catch(() => undefined)) as {code?: unknown} | undefined
	)?.code;
	// The guard's own words, but for when to come again: a run of a test lasts as long as it takes.
	const [, means] = Object.entries(meanings).find(([code]) => said === `idempotency-${code}`) ?? [];
	return means === undefined || (isGuard(profile) && means !== 'in-progress') ? response : say(profile, means);
}

/** The id of what was made: `{id}`, or `{payments: {id}}`. */
async function resourceIn(first: Response): Promise<string | undefined> {
	const json: unknown = await first.json().catch(() => undefined);
	const ids = [json, ...Object.values(Object(json) as object)].map(it => (Object(it) as {id?: unknown}).id);
	return ids.find(id => typeof id === 'string');
}

/** What scripts of other origins may read of an answer, if its server says nothing. https://fetch.spec.whatwg.org/#cors-safelisted-response-header-name */
const safelisted = [
	'cache-control',
	'content-language',
	'content-length',
	'content-type',
	'expires',
	'last-modified',
	'pragma',
];

/** The answer without the headers that CORS hides. */
export function withoutHeaders(response: Response): Response {
	if (response.type === 'error') return response;
	const {status, statusText, headers, body} = response;
	const shown = [...headers].filter(([name]) => safelisted.includes(name));
	return new Response(body, {status, statusText, headers: shown});
}
