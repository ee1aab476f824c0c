import {stepKey} from '../server/identity.ts';
import type {Subject} from '../server/entry.ts';
import type {Arrival} from './inbox.ts';
import type {Message} from './message.ts';

/** What every handler is told of a message. */
export type Delivered<M extends Message> = {
	readonly message: M;
	/** What the option `id` has made of it. */
	readonly id: string;
	/** Counted from 1: how often its handler has been called, without those whose process was killed. */
	readonly attempt: number;
	/**
	 * A key for a call to another service: a UUIDv5, the same at every attempt of the same message, and another one for each
	 * step. What is outside of the database takes effect at least once, and once where it honours such a key.
	 *
	 * @example await fetch(mailer, {method: 'POST', headers: {'Idempotency-Key': key('receipt')}});
	 */
	readonly key: (step: string) => string;
};

/** What a message came to that is to be acknowledged. */
export type Result =
	/** Its effect took place now. */
	| {readonly status: 'processed'; readonly attempt: number}
	/** Its effect took place before. */
	| {readonly status: 'duplicate'}
	/** It was given up, now or before. */
	| {readonly status: 'skipped'};

/** What one delivery came to, before it is known what becomes of a failure. */
export type Ran =
	| {readonly status: 'processed'; readonly attempt: number}
	| {readonly status: 'duplicate' | 'skipped' | 'reused'}
	/** `dead`: its dead letter has been delivered. */
	| {readonly status: 'failed'; readonly error: unknown; readonly attempts: number; readonly dead: boolean};

export type Item<M> = {readonly message: M; readonly arrival: Arrival};

/** How messages are run and remembered. What rejects is not the fault of a message. */
export type Runs<M> = {
	readonly run: (item: Item<M>) => Promise<Ran>;
	/** All or none, in their order; their ids differ. `undefined`: none was, and they are to be run one by one. */
	readonly runAll: (items: ReadonlyArray<Item<M>>) => Promise<readonly Ran[] | undefined>;
	readonly mark: (id: string, as: 'dead' | 'skipped' | 'new', attempts: number) => Promise<boolean>;
	readonly sweep: () => Promise<number>;
};

export function subjectOf(consumer: string, id: string): Subject {
	return {guard: consumer, scope: '', method: '', path: '', key: id};
}

export function deliveredOf<M extends Message>(
	consumer: string,
	{message, arrival: {id, fingerprint}}: Item<M>,
	attempt: number,
): Delivered<M> {
	return {message, id, attempt, key: step => stepKey(subjectOf(consumer, id), fingerprint, step)};
}

/** What is kept of an error. */
export function lastError(error: unknown): string {
	const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
	return new TextDecoder().decode(new TextEncoder().encode(text.slice(0, 1_000))).replaceAll('\0', '');
}
