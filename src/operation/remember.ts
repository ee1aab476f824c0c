import type {Answer} from '../dialects/dialect.ts';
import {tellGuarded} from '../guarded.ts';
import {touch, type Operation} from './operations.ts';
import type {Result} from './result.ts';
import type {Snapshot} from './snapshot.ts';

/** In bytes. */
const SMALL_ANSWER = 64 * 1024;

/** Small enough to be kept in memory, and handed to those who wait elsewhere. */
export function isSmall({body}: Answer): boolean {
	return body !== undefined && body.byteLength <= SMALL_ANSWER;
}

export function remember(operation: Operation, result: Result): void {
	const answer = result.answer && isSmall(result.answer) ? result.answer : undefined;
	operation.result = {...result, stream: undefined, answer};
	touch(operation);
}

/** What handles show from now on: a look at the store that began earlier shows nothing. */
export function showSnapshot(operation: Operation, snapshot: Snapshot): void {
	operation.look = undefined;
	operation.snapshot = snapshot;
	touch(operation);
	notify(operation);
}

export function notify({listeners}: Operation): void {
	for (const listener of listeners) tellGuarded(listener);
}
