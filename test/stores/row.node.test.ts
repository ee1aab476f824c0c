import {expect, test} from 'vitest';
import {begun} from '../../src/stores/claim-rule.ts';
import {recordOf, rowId, rowOf} from '../../src/stores/row.ts';
import {claimOf, ID} from './claim-of.ts';

const pending = {redirectUrl: 'https://bank.test/?s=secret'};

function rowWith(kept: unknown) {
	const record = {...begun(ID, claimOf(), 1000), state: {status: 'pending' as const}, pending};
	return {...rowOf(record, rowId(record)), pending: kept};
}

test('a row keeps what is kept of an operation that is pending', () => {
	expect(recordOf(rowWith(JSON.stringify(pending))).pending).toEqual(pending);
});

test.each(['secret', '{"redirectUrl":"secret"', '["secret"]', '{"secret":1}', 'null', '', 5, new Uint8Array([1])])(
	'%j there is no record, and is not in the words of the error',
	kept => {
		expect(() => recordOf(rowWith(kept))).toThrow(/^its fields are not those of a record$/);
	},
);
