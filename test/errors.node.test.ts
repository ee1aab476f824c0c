import {runInNewContext} from 'node:vm';
import {expect, test} from 'vitest';
import {isLatchkeyError, LatchkeyError} from '../src/errors.ts';

test('an error of another realm is known by its code', () => {
	const foreign: unknown = runInNewContext(`
		const error = new Error('It is not known whether operation pay took effect.');
		Object.assign(error, {code: 'OUTCOME_UNKNOWN', operation: ['pay']});
		Object.defineProperty(error, Symbol.for('latchkey.error'), {value: true});
		error;
	`);
	expect(foreign).not.toBeInstanceOf(Error);
	expect(foreign).not.toBeInstanceOf(LatchkeyError);
	expect(isLatchkeyError(foreign, 'OUTCOME_UNKNOWN') && foreign.operation).toEqual(['pay']);
});
