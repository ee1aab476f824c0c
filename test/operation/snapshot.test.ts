import {describe, expect, test} from 'vitest';
import type {EventDetail} from '../../src/events.ts';
import type {OperationRecord} from '../../src/operation/record.ts';
import {initialSnapshot, moved, snapshotAfter, snapshotOfRecord, type Snapshot} from '../../src/operation/snapshot.ts';

const NOW = 1_800_000_000_000;
const working: Snapshot = {status: 'working', attempt: 1, limit: 4, since: NOW - 500};
const checking: Snapshot = {...working, status: 'checking'};

const attempt: EventDetail = {type: 'attempt', attempt: 2};
const wait: EventDetail = {type: 'wait', ms: 250, why: 'retry'};
const failure: EventDetail = {
	type: 'answer',
	attempt: 1,
	verdict: 'failed',
	status: 503,
	error: undefined,
	replayed: false,
};

test('a new snapshot has made no attempt', () => {
	expect(initialSnapshot('idle', 4, NOW)).toEqual({status: 'idle', attempt: 0, limit: 4, since: NOW});
});

describe('after an event', () => {
	test.each<[string, Snapshot, EventDetail, boolean, Partial<Snapshot>]>([
		['an attempt counts', working, attempt, false, {status: 'working', attempt: 2, since: working.since}],
		['an attempt after a doubt checks', working, attempt, true, {status: 'checking', attempt: 2, since: NOW}],
		['a doubtful answer checks', working, failure, true, {status: 'checking', since: NOW}],
		['a wait says until when', working, wait, false, {status: 'working', retryAt: NOW + 250}],
		['a wait in doubt checks, and says until when', working, wait, true, {status: 'checking', retryAt: NOW + 250}],
		['somebody elsewhere is at it', working, {type: 'waiting-elsewhere'}, false, {status: 'checking'}],
		['an owner is gone', working, {type: 'taken-over'}, false, {status: 'checking'}],
		['somebody has taken over', working, {type: 'lease-lost'}, false, {status: 'checking'}],
	])('%s', (_, before, event, doubtful, change) => {
		expect(snapshotAfter(before, event, doubtful, NOW)).toMatchObject(change);
	});

	test('the next attempt takes away the time at which it was due', () => {
		const waiting = snapshotAfter(working, wait, false, NOW);
		expect(snapshotAfter(waiting, attempt, false, NOW)).not.toHaveProperty('retryAt');
	});

	test('a status that stays keeps the time at which it began', () => {
		expect(snapshotAfter(checking, wait, true, NOW).since).toBe(checking.since);
	});

	test('what is being checked already, and stays so, is the same object', () => {
		expect(snapshotAfter(checking, failure, true, NOW)).toBe(checking);
		expect(snapshotAfter(checking, {type: 'lease-lost'}, true, NOW)).toBe(checking);
	});

	test.each<[EventDetail]>([
		[{type: 'joined'}],
		[{type: 'bytes-changed'}],
		[{type: 'degraded', error: new Error('no IndexedDB')}],
		[{type: 'store-error', step: 'renew', error: new Error('full')}],
		[failure],
	])('$type alone changes nothing for people: it is the same object', event => {
		expect(snapshotAfter(working, event, false, NOW)).toBe(working);
	});

	test.each(['succeeded', 'refused', 'unknown', 'mismatched'] as const)('it ends as %s', outcome => {
		expect(moved(checking, outcome, NOW)).toEqual({...checking, status: outcome, since: NOW});
	});
});

describe('of a record', () => {
	const record: OperationRecord = {
		version: 1,
		scope: '',
		name: '["pay"]',
		key: 'a-key',
		fingerprint: 'f',
		state: {status: 'sending'},
		freed: false,
		ambiguous: false,
		owner: 'tab/1',
		token: 1,
		leaseUntil: NOW + 1,
		createdAt: NOW - 9,
		updatedAt: NOW - 7,
		keyUntil: NOW + 1000,
		awaited: false,
	};

	test.each<[string, OperationRecord | undefined, Snapshot['status'], boolean?]>([
		['no record', undefined, 'idle'],
		['a freed one', {...record, freed: true, state: {status: 'succeeded'}}, 'idle'],
		['one that an owner is at', record, 'checking', true],
		['one that nobody is at', record, 'unknown'],
		['a success', {...record, state: {status: 'succeeded', httpStatus: 201}}, 'succeeded'],
		['a refusal', {...record, state: {status: 'refused'}}, 'refused'],
		['a mismatch', {...record, state: {status: 'mismatched'}}, 'mismatched'],
		['what was never sent', {...record, state: {status: 'unprocessed'}}, 'not-sent'],
		['what was turned away', {...record, state: {status: 'unprocessed', httpStatus: 401}}, 'refused'],
		['a doubt', {...record, state: {status: 'unknown', final: true}}, 'unknown'],
	])('%s', (_, given, status, alive = false) => {
		expect(snapshotOfRecord(given, 4, NOW, 7, alive).status).toBe(status);
	});

	test('it stands so since the record was written', () => {
		expect(snapshotOfRecord(record, 4, NOW, 7, true)).toEqual({
			status: 'checking',
			attempt: 0,
			limit: 4,
			since: NOW - 7,
		});
	});
});
