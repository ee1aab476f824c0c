/** That two plain values are the same, deeply, bytes and absent fields included. */
export function same(actual: unknown, expected: unknown, what: string): void {
	const [found, wanted] = [spell(actual), spell(expected)];
	if (found !== wanted) throw new Error(`${what}: expected ${wanted}, got ${found}`);
}

export function holds(condition: boolean, what: string): void {
	if (!condition) throw new Error(`${what}: it is not so`);
}

/** That a step gave this answer; returns it as such. */
export function answered<R extends {readonly status: string}, S extends R['status']>(
	result: R,
	status: S,
): Extract<R, {readonly status: S}> {
	if (result.status !== status) throw new Error(`expected the answer ${status}, got ${spell(result)}`);
	return result as Extract<R, {readonly status: S}>;
}

function spell(value: unknown): string {
	if (value instanceof Uint8Array) return `bytes(${[...value].join(' ')})`;
	if (Array.isArray(value)) return `[${value.map(spell).join(', ')}]`;
	if (typeof value !== 'object' || value === null)
		return typeof value === 'string' ? JSON.stringify(value) : String(value);
	const fields = Object.entries(value)
		.filter(([, field]) => field !== undefined)
		.toSorted(([a], [b]) => (a < b ? -1 : 1));
	return `{${fields.map(([name, field]) => `${name}: ${spell(field)}`).join(', ')}}`;
}
