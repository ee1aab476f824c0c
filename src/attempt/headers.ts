/** The headers of an answer that are no Headers of ours, whatever they come as: of another kind, a Map, pairs, a plain object, none at all. */
export function headersOf(given: unknown): Headers {
	const headers = new Headers();
	for (const [name, value] of pairsOf(Object(given) as object)) {
		for (const one of [value].flat()) {
			try {
				if (/^(string|number|boolean|bigint)$/.test(typeof one)) headers.append(String(name), String(one));
			} catch {
				// No header that HTTP could carry.
			}
		}
	}

	return headers;
}

function pairsOf(given: object): Array<readonly unknown[]> {
	if (Symbol.iterator in given) return [...(given as Iterable<unknown>)].filter(pair => Array.isArray(pair));
	if (!('forEach' in given)) return Object.entries(given);
	const pairs: Array<readonly unknown[]> = [];
	(given as Headers).forEach((value, name) => pairs.push([name, value]));
	return pairs;
}
