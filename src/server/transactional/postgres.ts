import {clock, type Clock} from '../../clock.ts';
import {explained} from '../../stores/postgres/failure.ts';
import {setUp} from '../../stores/postgres/schema.ts';
import {SWEEP_BATCH} from '../../stores/postgres/sql.ts';
import type {MaybePromise} from '../../utils.ts';
import {askedBy} from '../incoming.ts';
import {isSafe} from '../safe.ts';
import {databaseOf, framedOf} from '../database.ts';
import {stepKey} from '../identity.ts';
import {fetchFor, type Operation} from '../operation.ts';
import {responseOf} from '../kept.ts';
import {askAgain, problem} from '../problem.ts';
import {teller} from '../serve.ts';
import {sweepsOf} from '../sweeps.ts';
import {unknownCall} from '../unknown-call.ts';
import {runOnce, type Ending, type Run} from './once.ts';
import {settingsOf, type TransactionalOptions} from './options.ts';
import {schemaSql, statementsOn} from './sql.ts';

/** What a handler is told of its run. Effects and doubts are not for it to tell: the transaction is its effect. */
export type TransactionalOperation = Pick<Operation, 'idempotencyKey' | 'key' | 'signal' | 'fetch'>;

/** A handler whose effects are the writes of its transaction. */
export type TransactionalHandler<Tx, Rest extends readonly unknown[]> = (
	request: Request,
	run: {
		/** What its statements run on. It throws once the handler has ended. */
		readonly tx: Tx;
		readonly operation: TransactionalOperation;
	},
	...rest: Rest
) => MaybePromise<Response>;

/** Makes guarded handlers, and looks after their table. */
export type Transactional<Tx, Rest extends readonly unknown[]> = ((
	handler: TransactionalHandler<Tx, Rest>,
) => (request: Request, ...rest: Rest) => Promise<Response>) & {
	/**
	 * Makes the table and its index where they are missing. All processes may call it at every start.
	 *
	 * @throws {Error} for a table that is of a newer release, or not of latchkey at all.
	 */
	setup(): Promise<void>;
	/** Drops keys past their retention; guards do so by themselves now and then. How many went. */
	sweep(): Promise<number>;
};

/** How long between two looks at a key that another request is at, in milliseconds: the first, and the longest. */
const LOOKS = [25, 500] as const;

/** How often everything is run again where the database undoes it. */
const AGAIN = 3;

/**
 * Runs handlers in a transaction of Postgres that keeps their key and their answer with their writes: either all of it is
 * there, or nothing. Repeats get the answer again, byte for byte, marked `Idempotent-Replayed: true`. Answers that are not
 * kept (5xx, 409 and so on) and what a handler throws undo its writes, and free the key; a `Response` that it throws undoes
 * its writes, and is kept. Make the table with `setup()`. See docs/server.md for what it cannot promise.
 *
 * A handler may run more than once: where Postgres undoes a transaction because of another one, it is run again.
 *
 * @throws {TypeError | RangeError} for an option that is missing or of the wrong kind.
 * @example
 * import {transactional} from 'latchkey/server/postgres';
 *
 * const inTransaction = transactional({database: pool, scope: request => userOf(request).id});
 * await inTransaction.setup();
 *
 * const pay = inTransaction(async (request, {tx}) => {
 *   const {account, amount} = await request.json();
 *   await tx.query('UPDATE accounts SET balance = balance - $2 WHERE id = $1', [account, amount]);
 *   return Response.json({paid: amount}, {status: 201});
 * });
 */
export function transactional<Tx extends object, Rest extends readonly unknown[] = readonly never[]>(
	options: TransactionalOptions<Tx, Rest>,
): Transactional<Tx, Rest> {
	return transactionalIn(clock, options);
}

/** @internal */
export function transactionalIn<Tx extends object, Rest extends readonly unknown[] = readonly never[]>(
	environment: Clock,
	options: TransactionalOptions<Tx, Rest>,
): Transactional<Tx, Rest> {
	const settings = settingsOf(options);
	const {table = 'latchkey_keys', storeTimeout, waiting, onEvent} = settings;
	const database = databaseOf(settings.database);
	const isPool = database !== settings.database;
	const sql = statementsOn(table, isPool);
	// A connection of a pool; what an ORM lends may have good reasons for its names.
	const withheld = isPool ? ['release', 'end'] : [];
	const place = {environment, settings, sql, framed: framedOf(settings.database), withheld};
	const pause = async (ms: number) => new Promise<void>(resolve => void environment.timer(resolve, ms));
	const sweepNow = sweepsOf(environment, sweep);

	const ask = async (text: string, values: unknown[]) =>
		database
			.begin(async tx => (await database.query(tx, text, values)).rows)
			.catch((error: unknown) => {
				throw explained(error, table);
			});

	async function sweep(): Promise<number> {
		for (let total = 0; ;) {
			const [row] = await ask(sql.sweep, []);
			const gone = Number(row?.['swept']);
			total += gone;
			if (!(gone >= SWEEP_BATCH)) return total;
		}
	}

	/** Runs until there is something to say. */
	async function answered(first: Run<Tx>, tell: ReturnType<typeof teller>): Promise<Response> {
		const since = environment.monotonic();
		let run = first;
		let [look, again]: [number, number] = [LOOKS[0], 0];
		for (;;) {
			const ending: Ending = await runOnce(place, run);
			switch (ending.type) {
				case 'answer':
					return ending.response;
				case 'thrown': {
					const {error} = ending;
					const call = unknownCall(error);
					if (call === undefined) throw error;
					tell({type: 'doubt', error});
					// Nothing is kept here, so that the same request asks again, under the same key of its step.
					return responseOf(
						call === 'final' ? problem('outcome-unknown') : askAgain(1_000, 'Idempotency-Key: outcome unknown'),
					);
				}

				case 'unavailable':
					tell({type: 'store-error', step: 'begin', error: explained(ending.error, table)});
					return later(storeTimeout);
				case 'unconfirmed':
					// Without a key nobody may repeat it.
					if (!first.keyed) throw ending.error;
					tell({type: 'store-error', step: 'answer', error: ending.error});
					return responseOf(askAgain(storeTimeout, 'Idempotency-Key: the commit was not confirmed'));
				case 'declined': {
					// In a transaction of its own: a savepoint before every handler would cost those that do not decline.
					const {response} = ending;
					run = {...first, handle: async () => response.clone()};
					break;
				}

				case 'undone':
					if (again++ === AGAIN)
						return later(1_000, 'The database has undone the transaction because of others. Nothing was done.');
					await pause(environment.random() * 10 * 2 ** again);
					break;
				case 'busy': {
					const left = waiting - (environment.monotonic() - since);
					if (left <= 0) return responseOf(problem('key-in-progress'));
					// Without a connection: those who are waited for need them.
					await pause(Math.min(look, left));
					look = Math.min(look * 2, LOOKS[1]);
				}
			}
		}
	}

	function guarded(handler: TransactionalHandler<Tx, Rest>) {
		return async (request: Request, ...rest: Rest): Promise<Response> => {
			const asked = isSafe(request.method) ? undefined : await askedBy(settings, request, rest);
			if (asked && !('subject' in asked)) return asked;
			const subject = asked?.subject;
			const id = asked?.id;
			const key = (step: string) => (asked ? stepKey(asked.subject, asked.fingerprint, step) : crypto.randomUUID());
			const tell = subject ? teller(onEvent, subject) : () => undefined;
			void sweepNow(tell);

			const came = environment.monotonic();
			const outward = {
				calls: settings.fetch,
				header: (name: string) => request.headers.get(name),
				elapsed: () => environment.monotonic() - came,
			};
			const act = async (call: () => Promise<Response>) => call();
			const fresh = runsOf(request, asked?.body);
			const operationOf = (signal: AbortSignal): TransactionalOperation => ({
				idempotencyKey: subject?.key,
				key,
				signal,
				fetch: fetchFor(outward, {key, signal, since: undefined, act}),
			});
			return answered(
				{
					...(asked && id !== undefined && {keyed: {id, asked}}),
					handle: async (tx, signal) => handler(fresh(), {tx, operation: operationOf(signal)}, ...rest),
				},
				tell,
			);
		};
	}

	return Object.assign(guarded, {setup: async () => setUp(ask, table, schemaSql(table)), sweep});
}

/** A request that nobody has read, for every run. */
function runsOf(request: Request, body: Uint8Array<ArrayBuffer> | undefined): () => Request {
	if (body === undefined) return () => request.clone();
	// As it was before a handler had it.
	const {url, method, signal} = request;
	const headers = new Headers(request.headers);
	const bare = request.body === null;
	let first = true;
	return () => {
		if (!first) return new Request(url, {method, headers, signal, body: bare ? null : body});
		first = false;
		return request;
	};
}

function later(timeout: number, detail?: string): Response {
	return responseOf(problem('store-unavailable', timeout, detail === undefined ? {} : {detail}));
}
