import type {ServerResponse} from 'node:http';

/** What of a response has headers. */
type Response = Pick<ServerResponse, 'getHeader' | 'setHeader'>;

/** Headers of a response, each with its lines. */
export type Lines = ReadonlyArray<readonly [name: string, values: readonly string[]]>;

export function headersOf(res: Response): Lines {
	return namesOf(res).map(name => [name, [...valuesOf(res, name)]]);
}

function namesOf(res: Response): string[] {
	// Its types lack it.
	const {getRawHeaderNames} = res as unknown as {getRawHeaderNames: (this: Response) => string[]};
	return getRawHeaderNames.call(res);
}

function valuesOf(res: Response, name: string): readonly string[] {
	const value = res.getHeader(name);
	return Array.isArray(value) ? value : [String(value)];
}

/** What a handler has set, as pairs; not what was there before it. */
export function changedSince(res: Response, before: Lines): ReadonlyArray<readonly [string, string]> {
	const pairs: Array<readonly [string, string]> = [];
	for (const name of namesOf(res)) {
		const values = valuesOf(res, name);
		const was = before.find(([other]) => other.toLowerCase() === name.toLowerCase());
		if (was && JSON.stringify(was[1]) === JSON.stringify(values)) continue;
		for (const value of values) pairs.push([name, value]);
	}

	return pairs;
}

/** Sets headers in any form that `writeHead` takes; those of one name each have a line, and take the place of what was there. */
export function setHeaders(res: Response, headers: unknown): void {
	if (headers === undefined || headers === null) return;
	const lines: Array<{readonly name: string; values: string | string[]}> = [];
	for (const [name, value] of pairsOf(headers)) {
		const before = lines.find(line => line.name.toLowerCase() === name.toLowerCase());
		if (before) before.values = [before.values, value].flat();
		else lines.push({name, values: Array.isArray(value) ? [...value] : (value as string)});
	}

	for (const {name, values} of lines)
		res.setHeader(name, (Array.isArray(values) && values.length < 2 ? values[0] : values) ?? '');
}

function pairsOf(headers: object): Iterable<readonly [string, string | readonly string[]]> {
	if (!Array.isArray(headers))
		return Object.entries(headers as Record<string, string | readonly string[]>).filter(([name]) => name);
	if (headers.every(Array.isArray)) return headers as [string, string][];
	if (headers.length % 2 !== 0)
		throw Object.assign(new TypeError('The argument "headers" is invalid'), {code: 'ERR_INVALID_ARG_VALUE'});
	return headers.flatMap((name: string, at): [string, string][] => (at % 2 ? [] : [[name, headers[at + 1] as string]]));
}
