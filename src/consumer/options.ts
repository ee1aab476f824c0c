import type {EntryStore} from '../server/entry.ts';
import {retention, time} from '../specs.ts';
import {mistake} from '../mistake.ts';
import type {MaybePromise} from '../utils.ts';
import {checkOptions, type OptionSpec, type OptionSpecs} from '../validate.ts';
import type {MessageIdError} from './errors.ts';
import type {Inbox} from './inbox.ts';
import type {MessageId} from './message-id.ts';
import type {Message} from './message.ts';

/** What a consumer tells of. */
export type ConsumerEvent<M extends Message = Message> = {readonly message: M} & (
	| /** A handler threw, and what it wrote is rolled back. */ {
			readonly type: 'failed';
			readonly id: string;
			readonly attempts: number;
			readonly error: unknown;
	  }
	/** It has failed `maxAttempts` times or more. */
	| {readonly type: 'poison'; readonly id: string; readonly attempts: number; readonly error: unknown}
	/** It has no id, or one of another payload, and was not processed. */
	| {readonly type: 'refused'; readonly id: string | undefined; readonly error: MessageIdError}
	/** It was produced so long ago that, had it been processed, nothing might be known of it any more. It is processed. */
	| {readonly type: 'older-than-window'; readonly id: string}
	/** The lease was lost while the handler ran, which another consumer may do, too. */
	| {readonly type: 'lease-lost'; readonly id: string}
);

/** A message that its consumer gives up. */
export type DeadLetter<M extends Message = Message> = {
	readonly message: M;
	/** `undefined`: it has none. */
	readonly id: string | undefined;
	/** `0`: its handler was never called. */
	readonly attempts: number;
	readonly error: unknown;
};

type CommonOptions<M extends Message> = {
	/** The name of the consumer: each processes every message once. Keep it; a consumer of another name begins anew. */
	readonly consumer: string;
	/**
	 * What names a message: `headerId('message-id')`, `cloudEventId`, `positionId`, or a function of your own. What has no id
	 * is refused.
	 */
	readonly id: MessageId<M>;
	/**
	 * How long is remembered what was processed, in milliseconds. It has to be longer than the broker can deliver a message
	 * again: its retention, and the longest time that a consumer stands still or a dead letter waits.
	 *
	 * @default 2_592_000_000
	 */
	readonly window?: number;
	/** How long the broker keeps messages, in milliseconds, for a window that is too short to be refused. */
	readonly brokerRetention?: number;
	/**
	 * What makes a payload this payload, where parts of it change between two sendings. The same id with another one is refused.
	 *
	 * @default all its bytes
	 * @example message => JSON.parse(String(message.value)).amount
	 */
	readonly fingerprint?: (message: M) => string;
	/**
	 * How often a handler is called before its message is poison.
	 *
	 * @default 5
	 */
	readonly maxAttempts?: number;
	/**
	 * What becomes of poison, and of what is refused. `'stop'`: it is never acknowledged, and tried again whenever it is
	 * delivered. `'skip'`: it is acknowledged once `deadLetter` has taken it, and those after it overtake it: that breaks the
	 * order of its key.
	 *
	 * @default 'stop'
	 */
	readonly onPoison?: 'stop' | 'skip';
	/**
	 * Takes what is poison or refused. It has to be idempotent: it is called once for a poison message, and again where it
	 * fails, or where the process ends before that is recorded. For what is refused it is called at each delivery, and only with `onPoison: 'skip'`.
	 *
	 * @example async ({message, id, error}) => queue.send('dead-letters', {id, value: message.value, error: String(error)})
	 */
	readonly deadLetter?: (letter: DeadLetter<M>) => MaybePromise<void>;
	/** Is told of what nobody else sees. */
	readonly onEvent?: (event: ConsumerEvent<M>) => void;
};

export type TransactionOptions<Tx, M extends Message = Message> = CommonOptions<M> & {
	/** The inbox in the database of the effects: `postgresInbox({database})`, `sqliteInbox({database})`. */
	readonly transaction: Inbox<Tx>;
};

export type LeaseOptions<M extends Message = Message> = CommonOptions<M> & {
	/** Where a guard's entries can be: `redisEntries({client})`. Each effect takes place at least once. */
	readonly store: EntryStore;
	/**
	 * How long a run lasts without a renewal, in milliseconds: so long nobody else is at a message whose consumer was killed.
	 *
	 * @default 10_000
	 */
	readonly lease?: number;
	/**
	 * How long a step of the store may take, in milliseconds.
	 *
	 * @default 2_000
	 */
	readonly storeTimeout?: number;
};

const callback: OptionSpec = {expects: 'a function', test: value => typeof value === 'function'};
const methodsOf = (...names: readonly string[]) => Object.fromEntries(names.map(name => [name, callback]));
const isObject = (value: unknown) => typeof value === 'object' && value !== null;

const common: OptionSpecs = {
	consumer: {
		expects: 'a name of 1 to 255 characters, without NUL',
		test: value => typeof value === 'string' && /^[^\0]{1,255}$/u.test(value),
	},
	id: callback,
};
const optional: OptionSpecs = {
	window: retention,
	brokerRetention: retention,
	fingerprint: callback,
	maxAttempts: {expects: 'a whole number from 1 on', test: it => Number.isSafeInteger(it) && (it as number) > 0},
	onPoison: {expects: `'stop' or 'skip'`, test: value => value === 'stop' || value === 'skip'},
	deadLetter: callback,
	onEvent: callback,
};
const transaction: OptionSpec = {
	expects: 'an inbox',
	test: isObject,
	required: methodsOf('take', 'fail', 'mark', 'sweep', 'isTransient'),
};
const store: OptionSpec = {
	expects: 'a store of entries',
	test: isObject,
	required: methodsOf('begin', 'renew', 'answer', 'resolve', 'unsettled', 'sweep'),
};

export type Settings<M extends Message> = CommonOptions<M> &
	Required<Pick<CommonOptions<M>, 'window' | 'maxAttempts' | 'onPoison'>>;

export function settingsOf<M extends Message>(options: CommonOptions<M>): Settings<M> {
	if (Object(options) === options && 'store' in options && 'transaction' in options)
		throw mistake('onceOnly takes a store or a transaction, not both');
	const byLease = options !== null && typeof options === 'object' && 'store' in options;
	if (byLease) checkOptions('onceOnly', options, {store, ...common}, {...optional, lease: time, storeTimeout: time});
	else checkOptions('onceOnly', options, {transaction, ...common}, optional);
	const {window = 2_592_000_000, maxAttempts = 5, onPoison = 'stop', brokerRetention = 0, deadLetter} = options;
	if (window <= brokerRetention)
		throw mistake(
			`window is ${window} ms and has to be longer than the broker keeps messages (${brokerRetention} ms): what is delivered after it takes effect again`,
			RangeError,
		);
	if (onPoison === 'skip' && deadLetter === undefined)
		throw mistake(`onPoison: 'skip' needs a deadLetter: what is skipped would be lost without a trace`);
	return {...options, window, maxAttempts, onPoison};
}
