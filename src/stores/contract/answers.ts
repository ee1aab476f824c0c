import type {StoredAnswer} from '../../operation/record.ts';
import type {State} from '../../operation/state.ts';
import type {Bench, ContractTest} from './bench.ts';
import {DAY} from './bench.ts';
import {answered, same} from './check.ts';

const SUCCEEDED: State = {status: 'succeeded', httpStatus: 201};
const MINUTE = 60_000;

const answer: StoredAnswer = {
	status: 201,
	statusText: 'Créé',
	headers: [
		['set-cookie', 'a=1'],
		['set-cookie', 'b="2"'],
		['content-type', 'application/octet-stream'],
	],
	// Every byte once, zero first: neither UTF-8 nor a C string.
	body: Uint8Array.from({length: 256}, (_, i) => i),
	url: 'https://api.test/orders?x=ü#y',
};

async function answerFor({claim}: Bench): Promise<StoredAnswer | undefined> {
	return answered(await claim({owner: 'bob'}), 'settled').record.answer;
}

/** Answers at rest: only for those who wait, or on request. */
export const answerTests: readonly ContractTest[] = [
	{
		title: 'answer: is dropped when nobody waits for it',
		async run(bench) {
			const {record} = answered(await bench.settle(await bench.begin(), SUCCEEDED, {answer}), 'done');
			same([record.answer, record.answerUntil], [undefined, undefined], 'the answer');
			same(await answerFor(bench), undefined, 'the answer for a later claim');
		},
	},
	{
		title: 'answer: is kept for who waits, byte for byte',
		async run(bench) {
			const first = await bench.begin();
			answered(await bench.claim({owner: 'bob'}), 'busy');
			await bench.settle(first, SUCCEEDED, {answer});
			same(await answerFor(bench), answer, 'the answer');
		},
	},
	{
		title: 'answer: that of a refusal reaches who waits, too',
		async run({begin, claim, settle}) {
			const first = await begin();
			await claim({owner: 'bob', key: 'key-2'});
			const refusal = {...answer, status: 402, headers: [], body: new Uint8Array()};
			await settle(first, {status: 'refused', httpStatus: 402}, {answer: refusal});
			const {record} = answered(await claim({owner: 'bob', key: 'key-2', awaited: 'key-1'}), 'settled');
			same(record.answer, refusal, 'the answer');
		},
	},
	{
		title: 'answer: is given to who waited for a minute, and not after it',
		needs: MINUTE,
		async run(bench) {
			const first = await bench.begin();
			await bench.claim({owner: 'bob'});
			await bench.settle(first, SUCCEEDED, {answer});
			await bench.elapse(MINUTE - 1);
			same(await answerFor(bench), answer, 'the answer within the minute');
			await bench.elapse(1);
			same(await answerFor(bench), undefined, 'the answer after it');
		},
	},
	{
		title: 'answer: is dropped by a sweep when its minute is over, and the record stays',
		needs: MINUTE,
		async run({begin, claim, settle, elapse, store, stored}) {
			const first = await begin();
			await claim({owner: 'bob'});
			await settle(first, SUCCEEDED, {answer});
			await elapse(MINUTE);
			await store.sweep();
			const left = await stored();
			same([left?.state, left?.answer], [SUCCEEDED, undefined], 'state and answer');
		},
	},
	{
		title: 'answer: is kept with `keepAnswer`, whether anybody waits or not',
		async run(bench) {
			await bench.settle(await bench.begin(), SUCCEEDED, {answer, keepAnswer: true});
			same(await answerFor(bench), answer, 'the answer');
		},
	},
	{
		title: 'answer: with `keepAnswer` it stays as long as its record',
		needs: 89 * DAY,
		async run(bench) {
			await bench.settle(await bench.begin(), SUCCEEDED, {answer, keepAnswer: true});
			await bench.elapse(89 * DAY);
			await bench.store.sweep();
			same(await answerFor(bench), answer, 'the answer');
		},
	},
	{
		title: 'answer: that of a doubt is never kept',
		async run({begin, claim, settle}) {
			const first = await begin();
			await claim({owner: 'bob'});
			const {record} = answered(await settle(first, {status: 'unknown'}, {answer, keepAnswer: true}), 'done');
			same([record.answer, record.answerUntil], [undefined, undefined], 'the answer');
		},
	},
	{
		title: 'answer: goes when the operation is freed',
		async run({begin, settle, free, stored}) {
			await settle(await begin(), SUCCEEDED, {answer, keepAnswer: true});
			same(answered(await free('complete'), 'freed').record.answer, undefined, 'the answer given back');
			same((await stored())?.answer, undefined, 'what is stored');
		},
	},
];
