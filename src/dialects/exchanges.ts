import {jsonOf, property, type Answer} from './dialect.ts';
import type {Exchange, JsonPattern, Status} from './profile.ts';

/** Whether the value has everything that the pattern says. */
export function fits(pattern: JsonPattern, value: unknown): boolean {
	if (typeof pattern !== 'object' || pattern === null) return pattern === value;
	if (typeof value !== 'object' || value === null) return false;
	const members: readonly unknown[] = Object.values(value);
	const some = (one: JsonPattern) => members.some(it => fits(one, it));
	if (Array.isArray(pattern)) return Array.isArray(value) && (pattern as readonly JsonPattern[]).every(some);
	return Object.entries(pattern as Record<string, JsonPattern>).every(([name, one]) =>
		name === '*' ? some(one) : fits(one, property(value, name)),
	);
}

/** The rows that fit an answer, in order. */
export function fitting(exchanges: readonly Exchange[], answer: Answer, replayed: boolean): Exchange | undefined {
	const has = (status: Status) =>
		typeof status === 'number' ? status === answer.status : Number(status[0]) === Math.floor(answer.status / 100);
	let json: unknown;
	let words: string | undefined;
	return exchanges.find(({status, headers, body, text}) => {
		if (![status].flat().some(has)) return false;
		if (body !== undefined) return fits(body, (json ??= jsonOf(answer)));
		if (text) return (words ??= new TextDecoder().decode(answer.body).toLowerCase()).includes(text.toLowerCase());
		if (!headers) return !replayed;
		return Object.entries(headers).every(
			([name, value]) => answer.headers.get(name)?.trim().toLowerCase() === value.toLowerCase(),
		);
	});
}
