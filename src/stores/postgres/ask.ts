import {Buffer} from 'node:buffer';
import type {OptionSpec} from '../../validate.ts';
import {MOST_TRIES} from '../compare-and-set.ts';
import type {FoundRow} from '../row.ts';
import {explained, isUndone} from './failure.ts';
import type {Ask} from './schema.ts';

/** What the store asks of a driver: a `Pool` or a `Client` of `pg` is one. */
export type Queryable = {
	query(text: string, values: unknown[]): Promise<{readonly rows: readonly FoundRow[]}>;
};

export const poolSpec: OptionSpec = {
	expects: 'a pg Pool, or another object with query(text, values)',
	test: value => typeof value === 'object' && value !== null,
	required: {query: {expects: 'a function', test: value => typeof value === 'function'}},
};

export const tableSpec: OptionSpec = {
	expects: "'table' or 'schema.table', each of 1 to 63 bytes",
	test: isTableName,
};

/** Runs statements; what fails is told as Postgres's failure. */
export function askOn(pool: Queryable, table: string): Ask {
	return async (text, values) => {
		for (let tries = 1; ; tries++) {
			try {
				const {rows} = await pool.query(text, values);
				if (!Array.isArray(rows)) throw new TypeError('query() of the pool gave no rows');
				return rows;
			} catch (error) {
				// Where the database isolates more than READ COMMITTED, meeting another statement undoes this one.
				if (!isUndone(error) || tries === MOST_TRIES) throw explained(error, table);
			}
		}
	};
}

function isTableName(value: unknown): boolean {
	if (typeof value !== 'string' || value.includes('\0')) return false;
	const parts = value.split('.');
	return parts.length <= 2 && parts.every(part => part !== '' && Buffer.byteLength(part) <= 63);
}
