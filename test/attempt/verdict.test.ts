import {describe, expect, test} from 'vitest';
import {verdictOfAnswer, verdictOfFailure, verdictOfIdempotent} from '../../src/attempt/verdict.ts';
import type {Dialect} from '../../src/dialects/dialect.ts';
import {ietf} from '../../src/dialects/ietf.ts';
import {stripe} from '../../src/dialects/stripe.ts';
import {again, answer, doubtful, first, NOW, verdictOf, whole} from './answers.ts';

const savesSuccess = ietf();
const savesErrors = ietf({saves: 'errors'});
const dialects = [
	['ietf()', savesSuccess],
	["ietf({saves: 'errors'})", savesErrors],
	['stripe', stripe],
] as const;
const befores = [
	['a first attempt', first],
	['a repeat of what was turned away', again],
	['a repeat after a doubt', doubtful],
] as const;

const replayed = {'idempotent-replayed': 'true'};
const refused = {meaning: 'refused', next: 'end', ambiguous: false};
const unsettled = {meaning: 'unsettled', next: 'end', ambiguous: true};
const failed = {meaning: 'failed', next: 'retry', ambiguous: true};

describe('without an answer', () => {
	test('a request that may have been sent is ambiguous and tried again', () => {
		expect(verdictOfFailure({})).toMatchObject(failed);
	});

	test('a connection that was not made is not ambiguous, and tried again', () => {
		expect(verdictOfFailure({unsent: 'retry'})).toMatchObject({meaning: 'not-sent', next: 'retry', ambiguous: false});
	});

	test('a server that the client does not trust is not ambiguous, and not tried again', () => {
		expect(verdictOfFailure({unsent: 'end'})).toMatchObject({meaning: 'not-sent', next: 'end', ambiguous: false});
	});
});

describe.each(dialects)('with any server (%s)', (_, dialect) => {
	describe.each(befores)('at %s', (_before, before) => {
		const context = {dialect, ...before};

		test.each([200, 201, 202, 204, 226])('%d is a success that ends it', async status => {
			expect(await verdictOf({status}, context)).toMatchObject({meaning: 'succeeded', next: 'end', binding: true});
		});

		test('a success asks the dialect for nothing that it does not need', async () => {
			const saves = () => {
				throw new Error('asked');
			};
			expect(await verdictOf({status: 201}, {...context, dialect: {...dialect, saves}})).toMatchObject({
				meaning: 'succeeded',
			});
		});

		test('a 200 that the caller judges a refusal is one, as any other that the server may not have saved', async () => {
			const saved = dialect.saves?.(await answer({status: 200})) === true;
			const expected = before.ambiguous && !saved ? unsettled : {...refused, binding: saved};
			expect(await verdictOf({status: 200}, {...context, judged: 'refused'})).toMatchObject(expected);
		});

		test.each([500, 502, 503, 504, 520, 599, 408])('%d may have had its effect, and is tried again', async status => {
			expect(await verdictOf({status}, context)).toMatchObject(failed);
		});

		test.each([425, 429])('%d was not processed, and is tried again', async status => {
			expect(await verdictOf({status}, context)).toMatchObject({
				meaning: 'not-processed',
				next: 'retry',
				ambiguous: false,
			});
		});

		// Invariant 13
		test.each([0, 301, 302, 303, 304, 307, 308])(
			'a redirect that was not followed (%d) settles nothing',
			async status => {
				expect(await verdictOf({status}, context)).toMatchObject(unsettled);
			},
		);

		test.each([Number.NaN, undefined, '200', -1, 100, 103, 199, 200.5, 600, 999, Number.POSITIVE_INFINITY])(
			'a status that is none (%s) settles nothing, marked or not',
			async status => {
				const read = await answer({status: 200, body: {paid: true}});
				const given = {...read, status: status as number};
				expect(verdictOfAnswer(given, {...whole, ...context})).toMatchObject(unsettled);
				const marked = {...given, headers: new Headers(replayed)};
				expect(verdictOfAnswer(marked, {...whole, ...context, judged: 'refused'})).toMatchObject(unsettled);
			},
		);

		// Invariant 13
		test.each([200, 401, 404, 500])('an answer from where a redirect led (%d) settles nothing', async status => {
			expect(await verdictOf({status, redirected: true}, context)).toMatchObject(unsettled);
		});

		// Invariant 8
		test.each([400, 402, 409, 422, 429])('a replayed %d is refused, whatever went before', async status => {
			const body = status === 409 ? {code: 'email_exists'} : undefined;
			expect(await verdictOf({status, headers: replayed, body}, context)).toMatchObject({
				...refused,
				binding: true,
				replayed: true,
			});
		});

		// Invariant 8
		test.each([408, 500, 501, 503])('a replayed %d is final, and nobody knows', async status => {
			expect(await verdictOf({status, headers: replayed}, context)).toMatchObject({
				...unsettled,
				final: true,
				replayed: true,
			});
		});

		test('a replayed success is one', async () => {
			expect(await verdictOf({status: 201, headers: replayed}, context)).toMatchObject({
				meaning: 'succeeded',
				replayed: true,
			});
		});

		// Invariant 5
		test('401 is believed only where nothing is in doubt', async () => {
			expect(await verdictOf({status: 401}, context)).toMatchObject(before.ambiguous ? unsettled : refused);
		});

		test.each(['retry-after', 'retry-after-ms'])('%s is told with a failure and a refusal of load', async header => {
			const asked = {headers: {[header]: '2'}};
			const retryAfter = header === 'retry-after' ? 2000 : 2;
			expect(await verdictOf({status: 503, ...asked}, context)).toMatchObject({retryAfter});
			expect(await verdictOf({status: 429, ...asked}, context)).toMatchObject({retryAfter});
		});
	});
});

// Invariant 5
describe('a refusal after a doubt', () => {
	test.each<[string, Dialect, number, object]>([
		['is not believed by default', savesSuccess, 402, unsettled],
		['is not believed by default', savesSuccess, 422, unsettled],
		['is not believed by default', savesSuccess, 501, unsettled],
		['is believed where it is saved', savesErrors, 402, {...refused, binding: true}],
		['is believed where it is saved', savesErrors, 422, {...refused, binding: true}],
		['is not believed where a 5xx is not saved', savesErrors, 501, unsettled],
		['is not believed from what stands in front of the server', savesErrors, 403, unsettled],
		['is not believed from what stands in front of the server', savesErrors, 413, unsettled],
		['is believed where it is saved', stripe, 402, {...refused, binding: true}],
		['is not believed where it may be of the moment', stripe, 400, unsettled],
		['is not believed where it may be of the moment', stripe, 404, unsettled],
		['is not believed from what stands in front of the server', stripe, 501, unsettled],
		['is not believed where execution had not begun', stripe, 403, unsettled],
	])('%s (%o, %d)', async (_, dialect, status, expected) => {
		expect(await verdictOf({status}, {dialect, ...doubtful})).toMatchObject(expected);
	});

	test('is believed by the answer, not only by its status', async () => {
		const dialect: Dialect = {...savesSuccess, saves: ({headers}) => headers.has('x-kept')};
		expect(await verdictOf({status: 404}, {dialect, ...doubtful})).toMatchObject(unsettled);
		const headers = {'x-kept': '1'};
		expect(await verdictOf({status: 404, headers}, {dialect, ...doubtful})).toMatchObject({...refused, binding: true});
	});

	test.each<[number, object]>([
		[402, {error: {info: 'Idempotent request is being processed'}}],
		[402, {developerMessage: 'Payment in progress'}],
		[402, {result: {note: ['Payment is pending']}}],
		[404, {hint: 'The order was already captured'}],
		[422, {info: 'Duplicate transaction'}],
		[422, {description_of: 'Processed before'}],
	])(
		'is not believed, though saved, by a %d that says of work that it goes on or is done: %o',
		async (status, body) => {
			expect(await verdictOf({status, body}, {dialect: savesErrors, ...doubtful})).not.toMatchObject({
				meaning: 'refused',
			});
			const plain = {status, body: {code: 'card_declined'}};
			expect(await verdictOf(plain, {dialect: savesErrors, ...doubtful})).toMatchObject({...refused, binding: true});
		},
	);

	test.each<[string, Dialect['saves']]>([
		['nothing is declared', undefined],
		['only successes are declared', ietf({saves: 'success'}).saves],
		['a callback answers no boolean', (async () => true) as never],
	])('is not believed where %s', async (_, saves) => {
		expect(await verdictOf({status: 402}, {dialect: {...savesSuccess, saves}, ...doubtful})).toMatchObject(unsettled);
	});

	test('on a first attempt it is believed, and binding only where it is saved', async () => {
		expect(await verdictOf({status: 402}, {dialect: savesSuccess})).toMatchObject({...refused, binding: false});
		expect(await verdictOf({status: 402}, {dialect: savesErrors})).toMatchObject({...refused, binding: true});
		expect(await verdictOf({status: 501})).toMatchObject(refused);
		expect(await verdictOf({status: 505})).toMatchObject(refused);
	});
});

describe('a dialect that lets redirects settle', () => {
	const dialect: Dialect = {...savesSuccess, redirects: 'settle'};

	test('judges a redirected answer as any other', async () => {
		expect(await verdictOf({status: 201, redirected: true}, {dialect})).toMatchObject({meaning: 'succeeded'});
		expect(await verdictOf({status: 402, redirected: true}, {dialect})).toMatchObject(refused);
	});

	test('still learns nothing from a redirect that was not followed', async () => {
		expect(await verdictOf({status: 303}, {dialect})).toMatchObject(unsettled);
		expect(await verdictOf({status: 303, headers: replayed}, {dialect})).toMatchObject(unsettled);
	});
});

test('a marker that is no boolean marks nothing', async () => {
	const dialect: Dialect = {...savesSuccess, isReplay: (async () => false) as never};
	expect(await verdictOf({status: 402}, {dialect, ...doubtful})).toMatchObject({...unsettled, replayed: false});
});

describe('what the server says about a retry', () => {
	const yes = {'x-should-retry': 'true'};
	const no = {'x-should-retry': ' FALSE '};

	test.each([500, 503, 408])('false after %d ends it in doubt', async status => {
		expect(await verdictOf({status, headers: no})).toMatchObject({...unsettled, final: false});
	});

	test('false after a 500 that is saved is final', async () => {
		const headers = {'stripe-should-retry': 'false'};
		expect(await verdictOf({status: 500, headers}, {dialect: stripe})).toMatchObject({...unsettled, final: true});
	});

	test('false after 429 ends it: nothing was processed', async () => {
		expect(await verdictOf({status: 429, headers: no})).toMatchObject({meaning: 'not-processed', next: 'end'});
	});

	test('false after "in progress" ends it in doubt', async () => {
		const body = {error: 'idempotent request in progress'};
		expect(await verdictOf({status: 409, headers: no, body})).toMatchObject(unsettled);
		expect(await verdictOf({status: 409, headers: {...no, 'retry-after': '1'}})).toMatchObject(unsettled);
	});

	test('false after a bare 409 makes it a refusal', async () => {
		expect(await verdictOf({status: 409, headers: no})).toMatchObject(refused);
	});

	test.each([400, 404, 409, 501])('true after %d has it tried again', async status => {
		expect(await verdictOf({status, headers: yes})).toMatchObject({next: 'retry', ambiguous: false});
	});

	test('anything else says nothing', async () => {
		expect(await verdictOf({status: 503, headers: {'x-should-retry': 'maybe'}})).toMatchObject(failed);
	});

	test('a header of the dialect goes before the common one', async () => {
		const headers = {'stripe-should-retry': 'true', 'x-should-retry': 'false'};
		expect(await verdictOf({status: 503, headers}, {dialect: stripe})).toMatchObject(failed);
		expect(await verdictOf({status: 503, headers})).toMatchObject(unsettled);
	});

	test('never makes another of a success, a replay or a redirect', async () => {
		expect(await verdictOf({status: 200, headers: yes})).toMatchObject({next: 'end'});
		expect(await verdictOf({status: 503, headers: {...yes, ...replayed}})).toMatchObject({next: 'end'});
		expect(await verdictOf({status: 302, headers: yes})).toMatchObject({next: 'end'});
	});
});

describe('without a key, by an idempotent method', () => {
	test.each([408, 425, 429, 500, 502, 503, 504])('%d is tried again, when the server asks', status => {
		const headers = new Headers({'retry-after': '3'});
		expect(verdictOfIdempotent({status, headers}, NOW)).toMatchObject({next: 'retry', retryAfter: 3000});
	});

	test.each([200, 204, 302, 400, 404, 409, 501, 505])('%d is passed on', status => {
		expect(verdictOfIdempotent({status, headers: new Headers()}, NOW)).toMatchObject({next: 'end'});
	});
});
