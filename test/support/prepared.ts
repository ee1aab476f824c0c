import type {Pool} from 'pg';
import type {Queryable} from '../../src/stores/postgres.ts';

/** The adapter of docs/stores.md: each connection parses a statement once. */
export function prepared(pool: Pool): Queryable {
	const names = new Map<string, string>();
	return {
		async query(text, values) {
			const name = names.get(text) ?? `latchkey_${names.size}`;
			names.set(text, name);
			return pool.query({name, text, values});
		},
	};
}
