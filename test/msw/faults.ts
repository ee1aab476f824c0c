import {HttpResponse, type HttpHandler} from 'msw';
import {afterEach, describe, expect, test} from 'vitest';
import {idempotentEndpoint, type Fault, type IdempotentEndpoint} from '../../src/msw/index.ts';
import {axiosClient, latchkeyClient, PAY, plainClient, type Press} from './clients.ts';

type Network = {use(...handlers: HttpHandler[]): void; resetHandlers(...initial: HttpHandler[]): void};

/** How many charges, and what the person is told. */
type Told = readonly [effects: number, seen: string];

/** What each press comes to: with latchkey; with a key and a loop or axios-retry; with those and no key. */
const cases: ReadonlyArray<readonly [name: string, faults: readonly Fault[], ours: Told, keyed: Told, keyless: Told]> =
	[
		['nothing goes wrong', [], [1, '201'], [1, '201'], [1, '201']],
		['the request is lost', ['lose-request'], [1, '201'], [1, '201'], [1, '201']],
		['the answer is lost', ['lose-response'], [1, '201'], [1, '201'], [2, '201']],
		['a gateway fails before', [{status: 503, when: 'before-effect'}], [1, '201'], [1, '201'], [1, '201']],
		['a gateway fails after', [{status: 504, when: 'after-effect'}], [1, '201'], [1, '201'], [2, '201']],
		[
			'the server fails after, and keeps that',
			[{status: 500, when: 'after-effect', saved: 'status'}],
			[1, 'OUTCOME_UNKNOWN'],
			[1, '500'],
			[2, '201'],
		],
		[
			'the server fails after, and keeps nothing',
			[{status: 500, when: 'after-effect', saved: 'nothing'}],
			[2, '201'],
			[2, '201'],
			[2, '201'],
		],
		[
			'the server fails after, and nobody knows',
			[{status: 500, when: 'after-effect', saved: 'doubt'}],
			[1, 'OUTCOME_UNKNOWN'],
			[1, '409'],
			[2, '201'],
		],
		[
			'the answer is lost, and its copy unmarked',
			['lose-response', 'hide-headers'],
			[1, '201'],
			[1, '201'],
			[2, '201'],
		],
		['the answer is lost, and its key forgotten', ['lose-response', 'forget-keys'], [2, '201'], [2, '201'], [2, '201']],
		['the key is another payload’s', [{says: 'mismatched'}], [0, 'KEY_REUSED'], [0, '422'], [0, '422']],
	];

const impatient: typeof cases = [
	['no answer comes, before', [{status: 'time-out', when: 'before-effect'}], [1, '201'], [1, '201'], [1, '201']],
	['no answer comes, after', [{status: 'time-out', when: 'after-effect'}], [1, '201'], [1, '201'], [2, '201']],
];

/** What whoever calls it is told, and how often it charges. */
export function itFailsAsTold(network: Network): void {
	let served: IdempotentEndpoint | undefined;
	afterEach(() => {
		// A worker is not told that its caller gave up, and does not stop before it has answered.
		served?.reset();
		network.resetHandlers();
	});

	function serve(faults: readonly Fault[]) {
		const pay = idempotentEndpoint('post', PAY, () => HttpResponse.json({paid: true}, {status: 201}), {
			faults,
			required: false,
		});
		served = pay;
		network.use(pay);
		return pay;
	}

	const clients: ReadonlyArray<readonly [string, () => Press, which: 2 | 3 | 4]> = [
		['latchkey', latchkeyClient, 2],
		['fetch with a key', () => plainClient('key-1'), 3],
		['axios-retry with a key', () => axiosClient('key-1'), 3],
		['fetch without a key', () => plainClient(), 4],
		['axios-retry without a key', () => axiosClient(), 4],
	];

	describe.each(clients)('%s', (_, client, which) => {
		test.each(cases)('%s', async (...[, faults, ours, keyed, keyless]) => {
			const pay = serve(faults);
			const seen = await client()();
			expect([pay.effects, seen]).toEqual([ours, keyed, keyless][which - 2]);
		});

		test.each(impatient)('%s', async (...[, faults, ours, keyed, keyless]) => {
			const pay = serve(faults);
			const seen = await client()({impatient: true});
			expect([pay.effects, seen]).toEqual([ours, keyed, keyless][which - 2]);
		});
	});
}
