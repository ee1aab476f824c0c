import {describe, expect, test} from 'vitest';
import {responseOf} from '../../src/attempt/answer.ts';
import {noProgress} from '../../src/attempt/progress.ts';
import type {Answered, Exchange} from '../../src/attempt/send.ts';
import {classify} from '../../src/attempt/classify.ts';
import {ietf} from '../../src/dialects/ietf.ts';
import type {Settings} from '../../src/options.ts';
import {virtualEnvironment} from '../support/virtual-environment.ts';
import {answer, type Spec} from './answers.ts';

const once = {key: 'key-1', repeat: false, foreign: false, unchanged: true};
const timeout = 1000;
const remaining = () => 1000;

async function exchange(spec: Spec): Promise<Answered> {
	return {answer: await answer(spec), abort: () => undefined};
}

async function classified(given: Exchange, judge: Settings['judge'], progress = noProgress()) {
	return classify(
		given,
		progress,
		{dialect: ietf(), timeout, ...(judge && {judge})},
		virtualEnvironment(),
		once,
		remaining,
	);
}

const declined = {status: 200, body: {declined: true}};

describe('judge', () => {
	test('reads a Response of its own', async () => {
		const given = await exchange(declined);
		const verdict = await classified(given, async response =>
			(await response.json()).declined ? 'refused' : undefined,
		);
		expect(verdict.meaning).toBe('refused');
		expect(await responseOf(given.answer).json()).toEqual({declined: true});
	});

	test.each([
		['succeeded', 'succeeded'],
		['refused', 'refused'],
		[undefined, 'succeeded'],
	] as const)('%s means %s', async (judged, meaning) => {
		expect((await classified(await exchange({status: 201}), () => judged)).meaning).toBe(meaning);
	});

	test.each([402, 500, 302])('is not asked about %d', async status => {
		const asked: number[] = [];
		await classified(await exchange({status}), response => void asked.push(response.status));
		expect(asked).toEqual([]);
	});

	test('is not asked where there is no answer', async () => {
		const failure = {error: new TypeError('fetch failed')};
		const judge = () => {
			throw new Error('asked');
		};
		expect((await classified(failure, judge)).meaning).toBe('failed');
	});

	// Invariant 4
	test.each<[string, () => never]>([
		[
			'it throws',
			() => {
				throw new Error('bug in judge');
			},
		],
		['it rejects', () => Promise.reject(new Error('bug in judge')) as never],
		['it returns something else', () => 'yes' as never],
	])('where %s, nothing is settled', async (_, judge) => {
		const progress = noProgress();
		expect(await classified(await exchange({status: 200}), judge, progress)).toMatchObject({
			meaning: 'unsettled',
			next: 'end',
			ambiguous: true,
		});
		expect(String(progress.firstFailure)).toMatch(/judge/);
	});

	test('that never answers settles nothing, once the time is over', async () => {
		const environment = virtualEnvironment();
		const judge = async () => new Promise<undefined>(() => undefined);
		const given = await exchange({status: 200});
		const verdict = classify(
			given,
			noProgress(),
			{dialect: ietf(), judge, timeout: 2000},
			environment,
			once,
			() => 1000,
		);
		expect(await environment.finish(Promise.resolve(verdict))).toMatchObject({meaning: 'unsettled', ambiguous: true});
	});

	test('a stream that it leaves unread is whole for its caller, and not kept in memory', async () => {
		let pulled = 0;
		const endless = new ReadableStream<Uint8Array>({
			pull(controller) {
				pulled++;
				controller.enqueue(new TextEncoder().encode(`event ${pulled}\n`));
			},
		});
		const response = new Response(endless);
		const given = {...(await exchange({status: 200})), stream: response};
		let seen: Response | undefined;
		await classified(given, copy => {
			seen = copy;
			return 'succeeded';
		});
		expect(seen?.bodyUsed).toBe(true);
		const reader = response.body!.getReader();
		expect(new TextDecoder().decode((await reader.read()).value)).toBe('event 1\n');
	});
});

describe('a dialect that throws settles nothing', () => {
	const broken = () => {
		throw new Error('bug in dialect');
	};

	test.each([
		['read', 409],
		['read', 201],
		['isReplay', 201],
		['isReplay', 402],
		['saves', 402],
		['saves', 500],
	])('%s, at %d', async (name, status) => {
		const dialect = {...ietf(), [name]: broken};
		const progress = noProgress();
		const given = await exchange({status});
		expect(await classify(given, progress, {dialect, timeout}, virtualEnvironment(), once, remaining)).toMatchObject({
			meaning: 'unsettled',
			next: 'end',
			ambiguous: true,
		});
		expect(progress.firstFailure).toEqual(new Error('bug in dialect'));
	});
});
