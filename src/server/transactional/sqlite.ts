import {clock, type Clock} from '../../clock.ts';
import {mistake} from '../../mistake.ts';
import {hushed, isPromise, type MaybePromise} from '../../utils.ts';
import type {Asked} from '../asked.ts';
import {askedBy} from '../incoming.ts';
import {isSafe} from '../safe.ts';
import type {KeptAnswer} from '../entry.ts';
import {stepKey} from '../identity.ts';
import {bareOf, copied, isKept, keptHeaders, replayOf, responseOf} from '../kept.ts';
import {problem} from '../problem.ts';
import {teller} from '../serve.ts';
import {sweepsOf} from '../sweeps.ts';
import {lend} from './lent.ts';
import {sqliteSettingsOf, type SqliteTransactionalOptions} from './sqlite-options.ts';
import {isBusy, keysIn, transact, type FoundKey, type SqliteDatabase} from './sqlite-table.ts';

/** What an effect answers: plain data, since there is nothing to wait for. */
export type SqliteAnswer = {
	readonly status: number;
	readonly headers?: Readonly<Record<string, string>>;
	readonly body?: string | Uint8Array<ArrayBuffer> | null;
};

/** A handler in two parts: what has to be waited for, and what is written. */
export type SqliteHandler<Prepared, Connection, Rest extends readonly unknown[]> = {
	/** Before the transaction. It may run more than once, and must not take effect. A `Response` that it throws is returned. */
	readonly prepare: (request: Request, ...rest: Rest) => MaybePromise<Prepared>;
	/** In the transaction: synchronous. */
	readonly effect: (
		prepared: Prepared,
		run: {
			/** It throws once the effect has ended. */
			readonly database: Connection;
			readonly operation: {
				/** The key of the request; `undefined` where it has none and the guard does not ask for one. */
				readonly idempotencyKey: string | undefined;
				/** A key for a call to another service, the same at every run of the same request. */
				readonly key: (step: string) => string;
			};
		},
	) => SqliteAnswer;
};

/** Makes guarded handlers, and looks after their table. */
export type SqliteTransactional<Connection, Rest extends readonly unknown[]> = (<Prepared>(
	handler: SqliteHandler<Prepared, Connection, Rest>,
) => (request: Request, ...rest: Rest) => Promise<Response>) & {
	/** Makes the table and its index where they are missing. */
	setup(): Promise<void>;
	/** Drops keys past their retention; guards do so by themselves now and then. How many went. */
	sweep(): Promise<number>;
};

/** How many keys go at once. */
const BATCH = 100;

/** The longest wait between two tries at a file that is locked, in milliseconds. */
const LONGEST_PAUSE = 20;

/**
 * Runs handlers in a transaction of SQLite that keeps their key and their answer with their writes: either all of it is
 * there, or nothing. On one connection only what is synchronous can have a transaction of its own, hence the two parts of a
 * handler. Answers that are not kept (5xx, 409 and so on) and what an effect throws undo its writes, and free the key; a
 * `Response` that it throws undoes its writes, and is kept. Make the table with `setup()`. A file that others have locked is
 * tried again for `storeTimeout`, by a timer.
 *
 * @throws {TypeError | RangeError} for an option that is missing or of the wrong kind.
 * @example
 * import {DatabaseSync} from 'node:sqlite';
 * import {transactional} from 'latchkey/server/sqlite';
 *
 * const database = new DatabaseSync('/var/lib/shop/shop.db');
 * const inTransaction = transactional({database, scope: request => userOf(request).id});
 * await inTransaction.setup();
 *
 * const pay = inTransaction({
 *   prepare: request => request.json(),
 *   effect({account, amount}, {database}) {
 *     database.prepare('UPDATE accounts SET balance = balance - ? WHERE id = ?').run(amount, account);
 *     return {status: 201, body: JSON.stringify({paid: amount}), headers: {'content-type': 'application/json'}};
 *   },
 * });
 */
export function transactional<Connection extends SqliteDatabase, Rest extends readonly unknown[] = readonly never[]>(
	options: SqliteTransactionalOptions<Connection, Rest>,
): SqliteTransactional<Connection, Rest> {
	return sqliteTransactionalIn(clock, options);
}

/** @internal */
export function sqliteTransactionalIn<
	Connection extends SqliteDatabase,
	Rest extends readonly unknown[] = readonly never[],
>(environment: Clock, options: SqliteTransactionalOptions<Connection, Rest>): SqliteTransactional<Connection, Rest> {
	const settings = sqliteSettingsOf(options);
	const {database, table = 'latchkey_keys', storeTimeout, retention, bodyLimit, omitHeaders, onEvent} = settings;
	const keys = keysIn(database, table);
	const sweepNow = sweepsOf(environment, sweep);

	/** Tries until the file is not locked. */
	async function alone<R>(run: () => R): Promise<R> {
		const began = environment.monotonic();
		for (let tries = 0; ; tries++) {
			try {
				return transact(database, run);
			} catch (error) {
				if (!isBusy(error) || environment.monotonic() - began >= storeTimeout) throw error;
			}

			const pause = 1 + environment.random() * Math.min(2 ** tries, LONGEST_PAUSE);
			await new Promise<void>(done => environment.timer(done, pause));
		}
	}

	async function sweep(): Promise<number> {
		for (let total = 0; ;) {
			const gone = await alone(() => keys.sweep(environment.now(), BATCH));
			total += gone;
			if (gone < BATCH) return total;
		}
	}

	/** In a transaction. What has not to be kept is thrown, as an `Undo`. */
	function effected(asked: Asked | undefined, id: string, effect: () => SqliteAnswer): Response {
		if (asked) {
			const now = environment.now();
			const found = keys.find(id, now);
			if (found) return told(found, asked);
			keys.put(id, asked, now, retention);
		}

		const answer = effect();
		if (isPromise<unknown>(answer)) {
			void hushed(answer);
			throw mistake('effect of a transaction of SQLite gave a promise: what has to be waited for belongs into prepare');
		}

		if (answer instanceof Response)
			throw mistake('effect answers plain data, {status, headers, body}; a Response can only be thrown');
		const {status, headers = {}, body = null} = answer;
		const response = new Response(body, {status, headers});
		if (!isKept(status)) throw new Undo(response);
		if (asked && !keys.keep(id, keptOf(response, body)))
			throw new Error('the transaction is over before its end: the effect, or SQLite, has ended it from within');
		return response;
	}

	function keptOf(response: Response, body: SqliteAnswer['body']): KeptAnswer {
		if (bodyLimit < 0) return bareOf(response);
		const {status, statusText, headers} = response;
		const facts = {status, statusText, headers: keptHeaders([...headers], omitHeaders)};
		const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : (body ?? null);
		return bytes && bytes.byteLength > bodyLimit ? {...facts, body: null, bodyLost: true} : {...facts, body: bytes};
	}

	function guarded<Prepared>({prepare, effect}: SqliteHandler<Prepared, Connection, Rest>) {
		if (typeof prepare !== 'function' || typeof effect !== 'function')
			throw mistake('a transaction of SQLite takes {prepare, effect}: what is waited for, and then what is written');
		return async (request: Request, ...rest: Rest): Promise<Response> => {
			const asked = isSafe(request.method) ? undefined : await askedBy(settings, request, rest);
			if (asked && !('subject' in asked)) return asked;
			const id = asked?.id ?? '';
			const tell = asked ? teller(onEvent, asked.subject) : () => undefined;
			const unavailable = (error: unknown) => {
				tell({type: 'store-error', step: 'begin', error});
				return responseOf(problem('store-unavailable', storeTimeout));
			};

			void sweepNow(tell);

			let prepared: Prepared;
			try {
				const found = asked && keys.find(id, environment.now());
				if (found) return told(found, asked);
			} catch (error) {
				return unavailable(error);
			}

			try {
				prepared = await prepare(request, ...rest);
			} catch (error) {
				if (error instanceof Response) return error;
				throw error;
			}

			const operation = {
				idempotencyKey: asked?.subject.key,
				key: (step: string) => (asked ? stepKey(asked.subject, asked.fingerprint, step) : crypto.randomUUID()),
			};
			const run = () => {
				const {lent, end} = lend(database, ['close']);
				try {
					return effect(prepared, {database: lent, operation});
				} finally {
					end();
				}
			};

			try {
				return await alone(() => effected(asked, id, run));
			} catch (error) {
				if (error instanceof Undo) return error.response;
				if (isBusy(error)) return unavailable(error);
				if (!(error instanceof Response)) throw error;
				if (!asked || !isKept(error.status)) return error;
				return declined(asked, id, error).catch(unavailable);
			}
		};
	}

	/** Keeps it in a transaction of its own: the one that it was thrown from is undone. */
	async function declined(asked: Asked, id: string, thrown: Response): Promise<Response> {
		const {kept, response} = await copied(thrown, bodyLimit, omitHeaders);
		return alone(() => {
			const now = environment.now();
			const found = keys.find(id, now);
			if (found) return told(found, asked);
			keys.put(id, asked, now, retention);
			keys.keep(id, kept);
			return response;
		});
	}

	return Object.assign(guarded, {setup: async () => alone(() => keys.setup()), sweep});
}

/** What is answered where there is nothing to keep; thrown, so that the transaction is undone. */
class Undo extends Error {
	readonly response: Response;
	constructor(response: Response) {
		super('the transaction is rolled back: there is nothing to keep');
		this.response = response;
	}
}

function told({fingerprint, answer}: FoundKey, asked: Asked): Response {
	if (fingerprint !== asked.fingerprint) return responseOf(problem('key-reused'));
	return responseOf(answer === null ? problem('outcome-unknown') : replayOf(answer));
}
