import type {Check} from '../check.ts';
import {twentyAtOnce, twoAtOnce} from './at-once.ts';
import {errorThenRetry, refusalThenRetry} from './errors.ts';
import {anotherKey, replay} from './first.ts';
import {emptyKey, longKey, missingKey, quotedKey, twoCredentials, upperCaseKey} from './keys.ts';
import {clientAbort, lostResponse} from './lost.ts';
import {membersReordered, otherPayload} from './payload.ts';
import {lapsedLease, retention} from './slow.ts';

/** In order: a later one may use what an earlier one found. The first call comes before them. */
export const checks: readonly Check[] = [
	anotherKey,
	replay,
	membersReordered,
	otherPayload,
	quotedKey,
	upperCaseKey,
	twoCredentials,
	twoAtOnce,
	twentyAtOnce,
	missingKey,
	emptyKey,
	longKey,
	refusalThenRetry,
	errorThenRetry,
	lostResponse,
	clientAbort,
	lapsedLease,
	retention,
];
