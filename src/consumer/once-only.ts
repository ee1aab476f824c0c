import {clock} from '../clock.ts';
import {sha256} from '#hash';
import type {GuardEnvironment} from '../server/steps.ts';
import {mistake} from '../mistake.ts';
import {tellGuarded, type MaybePromise} from '../utils.ts';
import {runBatch, type BatchResult} from './batch.ts';
import {byLease, type LeasedDelivery} from './by-lease.ts';
import {MessageIdError, PoisonMessageError} from './errors.ts';
import {inTransaction, type Delivery} from './in-transaction.ts';
import type {Message} from './message.ts';
import {settingsOf, type ConsumerEvent, type LeaseOptions, type Settings, type TransactionOptions} from './options.ts';
import type {Item, Ran, Result, Runs} from './runs.ts';

/** A consumer whose messages take effect once. */
export type Consumer<M extends Message = Message> = {
	/**
	 * Processes a message. **Acknowledge it when this has resolved, and never otherwise.**
	 *
	 * @throws what the handler threw; `PoisonMessageError` once it has done so `maxAttempts` times; `MessageIdError` for a message
	 * without an id, or with one of another payload; `MessageBusyError` while another consumer holds its lease; what the database failed of.
	 */
	(message: M): Promise<Result>;
	/**
	 * Processes messages in their order, in one transaction where that is possible. After one that fails, those of its key are
	 * held back. Acknowledge those whose `acknowledge` is true.
	 */
	readonly batch: (messages: readonly M[]) => Promise<ReadonlyArray<BatchResult>>;
	/** Gives up a message that has failed: the next delivery is acknowledged unprocessed. False: there is none of this id. */
	readonly skip: (id: string) => Promise<boolean>;
	/** Makes a message that has failed or was given up as if it had never been tried, so that its dead letter can be delivered again. */
	readonly redrive: (id: string) => Promise<boolean>;
	/** Forgets what is past the window. Returns how many went. Call it now and then, from one process or from all. */
	readonly sweep: () => Promise<number>;
};

/** What a consumer needs of the world. */
export type ConsumerEnvironment = GuardEnvironment & {readonly now: () => number};

/**
 * Makes a consumer: **each message's effect in this database once per consumer within the window; outside effects at least
 * once.** The record that a message was processed is written in the transaction of its effect, and both are there or neither.
 *
 * With `store` instead of `transaction` messages are held by a lease: each effect takes place at least once.
 *
 * @throws {TypeError | RangeError} for options that cannot be.
 * @example
 * import {headerId, onceOnly, postgresInbox} from 'latchkey/consumer';
 *
 * const inbox = postgresInbox({database: pool});
 * await inbox.setup();
 * const consume = onceOnly(
 * 	async ({tx, message, id}) => {
 * 		await tx.query('INSERT INTO bills (id, bill) VALUES ($1, $2)', [id, String(message.value)]);
 * 	},
 * 	{transaction: inbox, consumer: 'billing', id: headerId('message-id')},
 * );
 */
export function onceOnly<Tx, M extends Message = Message>(
	handler: (delivery: Delivery<Tx, M>) => MaybePromise<void>,
	options: TransactionOptions<Tx, M>,
): Consumer<M>;
export function onceOnly<M extends Message = Message>(
	handler: (delivery: LeasedDelivery<M>) => MaybePromise<void>,
	options: LeaseOptions<M>,
): Consumer<M>;
export function onceOnly<Tx, M extends Message>(
	handler: (delivery: Delivery<Tx, M> & LeasedDelivery<M>) => MaybePromise<void>,
	options: TransactionOptions<Tx, M> | LeaseOptions<M>,
): Consumer<M> {
	return onceOnlyIn({...clock, uuid: () => crypto.randomUUID()}, handler, options);
}

/** @internal */
export function onceOnlyIn<Tx, M extends Message>(
	environment: ConsumerEnvironment,
	handler: (delivery: Delivery<Tx, M> & LeasedDelivery<M>) => MaybePromise<void>,
	options: TransactionOptions<Tx, M> | LeaseOptions<M>,
): Consumer<M> {
	const settings = settingsOf<M>(options);
	const {consumer, window, onPoison, maxAttempts, deadLetter, onEvent = () => undefined} = settings;
	const tell = (event: ConsumerEvent<M>) => {
		tellGuarded(onEvent, event);
	};
	const runs = runsOf();

	function runsOf(): Runs<M> {
		if ('transaction' in options)
			return inTransaction(
				options.transaction,
				handler as (delivery: Delivery<Tx, M>) => MaybePromise<void>,
				consumer,
				window,
			);
		const {store, lease = 10_000, storeTimeout = 2_000} = options;
		const leased = {store, consumer, window, lease, storeTimeout};
		return byLease(environment, handler as (delivery: LeasedDelivery<M>) => MaybePromise<void>, {
			...leased,
			lost(message, id) {
				tell({type: 'lease-lost', message, id});
			},
		});
	}

	async function refused(message: M, error: MessageIdError): Promise<Result> {
		tell({type: 'refused', message, id: error.id, error});
		if (onPoison === 'stop') throw error;
		await deadLetter?.({message, id: error.id, attempts: 0, error});
		return {status: 'skipped'};
	}

	async function settled({message, arrival: {id}}: Item<M>, ran: Ran): Promise<Result> {
		if (ran.status === 'reused') return refused(message, new MessageIdError(id));
		if (ran.status !== 'failed') return ran as Result;
		const {error, attempts, dead} = ran;
		tell({type: 'failed', message, id, attempts, error});
		if (attempts < maxAttempts) throw error;
		tell({type: 'poison', message, id, attempts, error});
		if (!dead) await deadLetter?.({message, id, attempts, error});
		if (onPoison === 'skip') {
			await runs.mark(id, 'skipped', attempts);
			return {status: 'skipped'};
		}

		if (!dead && deadLetter) await runs.mark(id, 'dead', attempts);
		throw new PoisonMessageError(id, attempts, error);
	}

	/** An error: it cannot be told which message it is. */
	async function itemOf(message: M): Promise<Item<M> | MessageIdError> {
		let arrival;
		try {
			const id = settings.id(message);
			if (typeof id !== 'string' || id === '') return new MessageIdError(undefined);
			arrival = {id: await storable(id), fingerprint: await fingerprintOf(message, settings)};
		} catch (error) {
			return new MessageIdError(undefined, error);
		}

		if (environment.now() - Number(message.timestamp ?? Infinity) > window)
			tell({type: 'older-than-window', message, id: arrival.id});
		return {message, arrival};
	}

	async function consume(message: M): Promise<Result> {
		const item = await itemOf(message);
		if (item instanceof MessageIdError) return refused(message, item);
		return settled(item, await runs.run(item));
	}

	return Object.assign(consume, {
		batch: async (messages: readonly M[]) => runBatch({itemOf, runs, settled, refused}, messages),
		skip: async (id: string) => runs.mark(await storable(id), 'skipped', maxAttempts),
		redrive: async (id: string) => runs.mark(await storable(id), 'new', 0),
		sweep: async () => runs.sweep(),
	});
}

/** An index takes no text of any length, Postgres none with NUL, and UTF-8 no half of a surrogate pair. */
async function storable(id: string): Promise<string> {
	return id.length <= 255 && !/[\0\p{Surrogate}]/u.test(id) ? id : `sha256:${await sha256(JSON.stringify(id))}`;
}

/** A payload that is not there is no empty one. */
async function fingerprintOf<M extends Message>(message: M, {fingerprint}: Settings<M>): Promise<string> {
	if (fingerprint) {
		const print: unknown = fingerprint(message);
		if (typeof print !== 'string') throw mistake('fingerprint of a consumer has to give text');
		return sha256(`own ${print}`);
	}

	const {value} = message;
	if (value === null) return '';
	if (typeof value === 'string') return sha256(value);
	if (value instanceof Uint8Array) return sha256('', value);
	throw mistake('the value of a message has to be text, bytes or null');
}
