import {Agent, getGlobalDispatcher, RetryAgent, setGlobalDispatcher} from 'undici';
import {describe, expect, test} from 'vitest';
import {arePlain, dispatchersOf} from '../../src/platform/dispatchers.ts';

/** An Agent whose options say this, as those of undici 6 do. */
function agentWith(options: object): Agent {
	const agent = new Agent();
	const symbol = Object.getOwnPropertySymbols(agent).find(({description}) => description === 'options');
	return Object.defineProperty(agent, symbol!, {value: options});
}

describe('an Agent', () => {
	test.each([{}, {interceptors: undefined}, {connections: 1, pipelining: 10}])('of %o is plain', options => {
		expect(arePlain([agentWith(options), undefined, undefined])).toBe(true);
	});

	test.each(['Agent', 'Pool', 'Client'])('with interceptors for each %s is not', name => {
		expect(arePlain([agentWith({interceptors: {[name]: []}}), undefined, undefined])).toBe(false);
	});

	test.each([{}, {dispatch: () => true}, 'Agent', 1, Object.create(null)])('is not %o', value => {
		expect(arePlain([value, undefined, undefined])).toBe(false);
	});
});

describe('what dispatches a call is plain', () => {
	const plain = new Agent();
	const other = new RetryAgent(plain);
	const bridge: unknown = Object.create({constructor: {name: 'Dispatcher1Wrapper'}});

	test.each<[string, boolean, unknown, unknown, unknown]>([
		['nothing is set before the first call', true, undefined, undefined, undefined],
		['nothing either', true, null, undefined, undefined],
		['all are', true, plain, plain, plain],
		['its own is not', false, other, plain, plain],
		['one for all is not', false, undefined, plain, other],
		['the earlier one for all is not', false, undefined, other, plain],
		['nor where it is the only one', false, undefined, other, undefined],
		['what undici 8 bridges to is', true, undefined, bridge, plain],
		['what undici 8 bridges to is not', false, undefined, bridge, other],
		['a bridge leads to nobody knows what', false, undefined, bridge, undefined],
		['a bridge is the current one', false, undefined, bridge, bridge],
		['a bridge is its own', false, bridge, bridge, plain],
	])('%s: %s', (_, expected, ...dispatchers) => {
		expect(arePlain(dispatchers)).toBe(expected);
	});

	test('as it is at the moment of the call', () => {
		const before = getGlobalDispatcher();
		try {
			setGlobalDispatcher(other);
			expect(dispatchersOf({dispatcher: plain})).toEqual([plain, other, other]);
		} finally {
			setGlobalDispatcher(before);
		}
	});
});
