import {describe, expect, test} from 'vitest';
import {
	AlreadySucceededError,
	BodyNotReplayableError,
	isLatchkeyError,
	KeyReuseError,
	LatchkeyError,
	NotSentError,
	OutcomeUnknownError,
	PayloadChangedError,
	RefusedError,
	StoreError,
	type ErrorFacts,
} from '../src/errors.ts';

const facts: ErrorFacts = {
	operation: ['checkout', '42'],
	key: 'a-key',
	attempts: 2,
	response: new Response(null, {status: 503}),
	cause: new TypeError('fetch failed'),
};

const all = [
	{make: (more: ErrorFacts) => new KeyReuseError(more), code: 'KEY_REUSED', outcome: 'mismatched'},
	{make: (more: ErrorFacts) => new PayloadChangedError(more), code: 'PAYLOAD_CHANGED', outcome: 'unknown'},
	{make: (more: ErrorFacts) => new OutcomeUnknownError(more), code: 'OUTCOME_UNKNOWN', outcome: 'unknown'},
	{make: (more: ErrorFacts) => new AlreadySucceededError(more), code: 'ALREADY_SUCCEEDED', outcome: 'succeeded'},
	{make: (more: ErrorFacts) => new RefusedError(more), code: 'REFUSED', outcome: 'refused'},
	{make: (more: ErrorFacts) => new NotSentError(more), code: 'NOT_SENT', outcome: 'not-sent'},
	{
		make: (more: ErrorFacts) => new StoreError({...more, step: 'claim', reason: 'the disk is full'}),
		code: 'STORE_FAILED',
		outcome: 'unknown',
	},
	{
		make: (more: ErrorFacts) => new BodyNotReplayableError({...more, reason: 'is too long'}),
		code: 'BODY_NOT_REPLAYABLE',
		outcome: 'not-sent',
	},
] as const;

describe.each(all)('$code', ({make, code, outcome}) => {
	const error = make(facts);

	test('is an Error of its own name, with what is known of the operation', () => {
		expect(error).toBeInstanceOf(LatchkeyError);
		expect(error.name).toBe(error.constructor.name);
		expect(String(error)).toBe(`${error.name}: ${error.message}`);
		expect(error).toMatchObject({code, outcome, operation: ['checkout', '42'], key: 'a-key', attempts: 2, status: 503});
		expect(error.cause).toBe(facts.cause);
		expect(error.response).toBe(facts.response);
	});

	test('is plain data as JSON, without the response and the cause', () => {
		expect(JSON.parse(JSON.stringify(error))).toEqual({
			name: error.name,
			code,
			message: error.message,
			outcome,
			operation: ['checkout', '42'],
			key: 'a-key',
			attempts: 2,
			status: 503,
			keyKept: code !== 'REFUSED',
		});
	});

	test('is told by its code', () => {
		expect(isLatchkeyError(error)).toBe(true);
		expect(isLatchkeyError(error, code)).toBe(true);
		const other = code === 'REFUSED' ? 'NOT_SENT' : 'REFUSED';
		expect(isLatchkeyError(error, other)).toBe(false);
	});

	test('without an operation it speaks of this request', () => {
		const bare = make({});
		expect(bare).toMatchObject({operation: undefined, key: undefined, attempts: 0, status: undefined});
		expect('cause' in bare).toBe(false);
		expect(bare.message).not.toMatch(/undefined/);
	});
});

describe('the message says what happened, whether it is safe to press again, and what to do', () => {
	test.each<[string, Error, RegExp[]]>([
		[
			'KeyReuseError',
			new KeyReuseError(facts),
			[/^Operation checkout\/42 was not executed/, /another payload/, /forget\(\).*name a new one/],
		],
		[
			'PayloadChangedError',
			new PayloadChangedError(facts),
			[/^Operation checkout\/42 was begun with another/, /nothing was sent/, /complete\(\)/, /fingerprint option/],
		],
		[
			'OutcomeUnknownError',
			new OutcomeUnknownError(facts),
			[/^Operation checkout\/42 may have taken effect/, /do not report it as failed/, /again is safe/],
		],
		[
			'an expired OutcomeUnknownError',
			new OutcomeUnknownError({...facts, reason: 'expired'}),
			[/key is too old to be sent/, /find out what happened/, /resolve\(\)/],
		],
		[
			'a final OutcomeUnknownError',
			new OutcomeUnknownError({...facts, reason: 'final'}),
			[/Nothing more is sent/, /find out what happened/, /resolve\(\)/],
		],
		[
			'an OutcomeUnknownError by the clock',
			new OutcomeUnknownError({...facts, reason: 'clock'}),
			[/Nothing is sent while the clock is behind/, /set the clock/, /resolve\(\)/],
		],
		[
			'AlreadySucceededError',
			new AlreadySucceededError({...facts, status: 201}),
			[/already succeeded with status 201/, /not at hand/, /Show the success/, /complete\(\)/],
		],
		['RefusedError', new RefusedError(facts), [/was refused/, /without any effect/, /safe to try again.*new key/]],
		['a RefusedError that kept its key', new RefusedError({...facts, keyKept: true}), [/was refused/, /the same key/]],
		['NotSentError', new NotSentError(facts), [/did not reach the server/, /nothing was sent/, /safe to try again/]],
		[
			'a NotSentError of an application',
			new NotSentError({cause: new Error('offline')}),
			[/^This request did not reach/],
		],
		[
			'StoreError',
			new StoreError({...facts, step: 'claim', reason: 'the disk is full'}),
			[/^Operation checkout\/42 was not sent: the store failed to claim it: the disk is full/, /safe to try again/],
		],
		[
			'BodyNotReplayableError',
			new BodyNotReplayableError({...facts, reason: 'is too long'}),
			[/^Operation checkout\/42 was not sent: its body is too long/, /Pass a string/],
		],
	])('%s', (_, error, parts) => {
		for (const part of parts) expect(error.message).toMatch(part);
	});

	test('a hint is added to it', () => {
		const hint = 'Another tab is at it.';
		expect(new OutcomeUnknownError({hint}).message.endsWith(hint)).toBe(true);
	});

	test('an outcome that is unknown says whether its key has expired', () => {
		expect(new OutcomeUnknownError({}).expired).toBe(false);
		expect(new OutcomeUnknownError({reason: 'expired'}).expired).toBe(true);
		expect(new OutcomeUnknownError({reason: 'final'}).expired).toBe(true);
		expect(new OutcomeUnknownError({reason: 'clock'})).toMatchObject({expired: false, reason: 'clock'});
	});

	test('a success that is known says when it was settled', () => {
		expect(new AlreadySucceededError({at: 1_800_000_000_000}).at).toBe(1_800_000_000_000);
		expect(new AlreadySucceededError({}).at).toBeUndefined();
	});

	test('the status that settled an operation goes before that of the last answer', () => {
		expect(new RefusedError({...facts, status: 402}).status).toBe(402);
	});
});

test('the reason is part of the JSON', () => {
	expect(JSON.parse(JSON.stringify(new OutcomeUnknownError({reason: 'expired'})))).toMatchObject({reason: 'expired'});
	expect(JSON.parse(JSON.stringify(new NotSentError({reason: 'clock'})))).toMatchObject({reason: 'clock'});
});

describe('isLatchkeyError', () => {
	test.each([undefined, null, 'OUTCOME_UNKNOWN', 42, {}, new Error('no'), {code: 'OUTCOME_UNKNOWN'}])(
		'is false for %o',
		value => {
			expect(isLatchkeyError(value)).toBe(false);
		},
	);

	test('knows the errors of another copy of the package by their brand', () => {
		const foreign = {[Symbol.for('latchkey.error')]: true, code: 'REFUSED'};
		expect(isLatchkeyError(foreign, 'REFUSED')).toBe(true);
		expect(isLatchkeyError(foreign, 'NOT_SENT')).toBe(false);
	});
});
