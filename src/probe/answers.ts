import {isMark, replayMarkers} from '../dialects/ietf.ts';
import type {Answer, Seen} from './exchange.ts';
import {jsonOf} from './json.ts';

/** The header by which a server says that it replays, if it says so. */
export function replayMarkerOf(seen: Seen): string | undefined {
	if (seen.kind === 'failure') return undefined;
	return replayMarkers.find(name => isMark(seen.headers[name]));
}

/** As if no marker were on it. */
export function unmarked(seen: Seen): Seen {
	if (seen.kind === 'failure') return seen;
	const headers = Object.entries(seen.headers).filter(([name]) => !replayMarkers.includes(name));
	return {...seen, headers: Object.fromEntries(headers)};
}

export function isSuccess(seen: Seen): seen is Answer {
	return seen.kind === 'answer' && seen.status >= 200 && seen.status < 300;
}

export function isRefusal(seen: Seen): seen is Answer {
	return seen.kind === 'answer' && seen.status >= 400 && seen.status < 500;
}

export function isServerError(seen: Seen): seen is Answer {
	return seen.kind === 'answer' && seen.status >= 500;
}

/** Statuses by which servers say that the first request under the key still runs: mostly 409. */
export function mayBeInProgress(seen: Seen): seen is Answer {
	return seen.kind === 'answer' && [102, 409, 423, 425, 429].includes(seen.status);
}

/** Says that nobody knows what became of the first request, and not to ask again. */
export function isToldUnknown(seen: Seen): boolean {
	return mayBeInProgress(seen) && seen.headers['x-should-retry'] === 'false' && /unknown/i.test(seen.body);
}

/** A 429 that does not speak of keys is a limit of requests, and tells nothing. */
export function isLimited(seen: Seen): boolean {
	return seen.kind === 'answer' && seen.status === 429 && !speaksOfKeys(seen);
}

/** The body without the key, which some servers echo. */
function textOf({body}: Answer, keys: readonly string[]): string {
	return keys.reduce((text, key) => (key === '' ? text : text.replaceAll(key, '<key>')), body);
}

export function sameAnswer(one: Answer, other: Answer, keys: readonly string[]): boolean {
	return one.status === other.status && textOf(one, keys) === textOf(other, keys);
}

/** Whether two successes tell of one resource: the same answer, or the same ids in another representation of it. */
export function sameEffect(one: Answer, other: Answer, keys: readonly string[]): boolean {
	const [ids, otherIds] = [idsOf(one, keys), idsOf(other, keys)];
	if (ids.length > 0 || otherIds.length > 0) return ids.join('\n') === otherIds.join('\n');
	return lastingOf(one, keys) === lastingOf(other, keys);
}

/** What no two answers have in common tells nothing: times, and ids of requests. */
const passing = /request|trace|correlation|span|nonce|time|date|_at$|At$|elapsed|duration/i;

function lastingOf(answer: Answer, keys: readonly string[]): string {
	const value = jsonOf(answer.body);
	const text =
		value === undefined
			? answer.body
			: JSON.stringify(value, (name, member: unknown) => (passing.test(name) ? undefined : member));
	return textOf({...answer, body: text}, keys);
}

/** How many resources successes tell of, those left out that are marked as replays. */
export function effectsIn(answers: readonly Answer[], keys: readonly string[]): number {
	const distinct: Answer[] = [];
	for (const answer of answers.toSorted((a, b) => Number(marked(a)) - Number(marked(b))))
		if (!distinct.some(known => (marked(answer) ? true : sameEffect(known, answer, keys)))) distinct.push(answer);

	return distinct.length;
}

const marked = (answer: Answer) => replayMarkerOf(answer) !== undefined;

/** Members that name the resource: `id`, `orderId`, `order_id`, one object deep. And `Location`. */
function idsOf(answer: Answer, keys: readonly string[]): string[] {
	const location = answer.headers['location'];
	const ids = location === undefined ? [] : [`location ${location}`];
	const value = jsonOf(answer.body);
	for (const [path, member] of members(value, 2))
		if (/(?:^|\.)(?:id|uuid|reference|number)$|[a-z]Id$|_id$/.test(path) && !/key/i.test(path) && !passing.test(path))
			ids.push(`${path} ${member}`);

	return ids.map(id => textOf({...answer, body: id}, keys)).toSorted();
}

function members(value: unknown, depth: number, prefix = ''): Array<[string, string]> {
	if (typeof value !== 'object' || value === null || depth === 0) return [];
	return Object.entries(value).flatMap(([name, member]: [string, unknown]): Array<[string, string]> => {
		const path = prefix === '' ? name : `${prefix}.${name}`;
		if (typeof member === 'string' || typeof member === 'number') return [[path, String(member)]];
		return members(member, depth - 1, path);
	});
}

/** Whether words in an error answer speak of idempotency: then it is about the key, and not about the payload. */
export function speaksOfKeys({body}: Answer): boolean {
	return /idempoten|duplicate[_ -]?request|request[_ -]?id[_ -]previously/i.test(body.slice(0, 10_000));
}

/** Seconds or a date; `undefined` where it says nothing that can be read. */
export function retryAfterOf(seen: Seen): string | undefined {
	return seen.kind === 'answer' ? seen.headers['retry-after'] : undefined;
}
