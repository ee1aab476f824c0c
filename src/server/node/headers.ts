import type {ServerResponse} from 'node:http';

/** What of a response has headers. */
type Response = Pick<ServerResponse, 'getHeader' | 'setHeader'>;

/** Headers of a response, each with its lines. */
export type Lines = ReadonlyArray<readonly [name: string, values: readonly string[]]>;

export function headersOf(res: Response): Lines {
	// Its types lack it.
	const {getRawHeaderNames} = res as unknown as {getRawHeaderNames: (this: Response) => string[]};
	return getRawHeaderNames.call(res).map(name => {
		const value = res.getHeader(name);
		return [name, Array.isArray(value) ? value.slice() : [String(value)]];
	});
}

/** What a handler has set, as pairs; not what was there before it. */
export function changedSince(res: Response, before: Lines): ReadonlyArray<readonly [string, string]> {
	const same = new Map(before.map(([name, values]) => [name.toLowerCase(), JSON.stringify(values)]));
	return headersOf(res).flatMap(([name, values]) =>
		same.size > 0 && same.get(name.toLowerCase()) === JSON.stringify(values)
			? []
			: values.map((value): [string, string] => [name, value]),
	);
}

/** Sets headers in any form that `writeHead` takes; those of one name each have a line, and take the place of what was there. */
export function setHeaders(res: Response, headers: unknown): void {
	if (headers === undefined || headers === null) return;
	const lines = new Map<string, [string, string[]]>();
	for (const [name, value] of pairsOf(headers)) {
		const [, values] = lines.get(name.toLowerCase()) ?? [];
		if (values) values.push(...[value].flat());
		else lines.set(name.toLowerCase(), [name, [value].flat()]);
	}

	for (const [name, values] of lines.values()) res.setHeader(name, values.length > 1 ? values : (values[0] ?? ''));
}

function pairsOf(headers: object): Iterable<readonly [string, string | readonly string[]]> {
	if (!Array.isArray(headers))
		return Object.entries(headers as Record<string, string | readonly string[]>).filter(([name]) => name);
	if (headers.every(Array.isArray)) return headers as [string, string][];
	if (headers.length % 2 !== 0)
		throw Object.assign(new TypeError('The argument "headers" is invalid'), {code: 'ERR_INVALID_ARG_VALUE'});
	return headers.flatMap((name: string, at): [string, string][] => (at % 2 ? [] : [[name, headers[at + 1] as string]]));
}
