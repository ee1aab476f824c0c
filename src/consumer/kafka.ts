import {clock} from '../clock.ts';
import {MessageBusyError, MessageIdError, PoisonMessageError} from './errors.ts';
import type {HeaderValue} from './message.ts';
import type {Consumer} from './once-only.ts';

type KafkaRecord = {
	readonly key: Uint8Array | null;
	readonly value: Uint8Array | null;
	readonly offset: string;
	readonly timestamp: string;
	readonly headers?: Readonly<Record<string, HeaderValue>>;
};

type Place = {readonly topic: string; readonly partition: number};

/** A message of kafkajs, with its topic and partition. */
export type KafkaMessage = KafkaRecord & Place;

type EachMessage = Place & {readonly message: KafkaRecord; pause(): () => void};

type EachBatch = {
	readonly batch: Place & {readonly messages: readonly KafkaRecord[]};
	resolveOffset(offset: string): void;
	heartbeat(): Promise<void>;
	pause(): () => void;
	commitOffsetsIfNecessary(): Promise<void>;
	isRunning(): boolean;
	isStale(): boolean;
};

export type KafkaOptions = {
	/**
	 * How long a partition whose message is poison or refused is left alone before it is tried again, in milliseconds.
	 *
	 * @default 60_000
	 */
	readonly stopFor?: number;
};

export type KafkaBatchOptions = KafkaOptions & {
	/**
	 * How many messages share a transaction.
	 *
	 * @default 100
	 */
	readonly size?: number;
};

/**
 * For `run()` of a consumer of kafkajs: one transaction a message. An offset is resolved once its message is committed. What
 * fails is thrown, and kafkajs fetches it again; poison stops its partition, and no other.
 *
 * @example
 * import {headerId, kafkaEachMessage, onceOnly, postgresInbox} from 'latchkey/consumer';
 * import {Kafka} from 'kafkajs';
 *
 * const consumer = new Kafka({brokers: ['localhost:9092']}).consumer({groupId: 'billing'});
 * const consume = onceOnly(async ({tx, id}) => void (await tx.query('INSERT INTO bills VALUES ($1)', [id])), {
 * 	transaction: postgresInbox({database: pool}),
 * 	consumer: 'billing',
 * 	id: headerId('message-id'),
 * });
 * await consumer.run({eachMessage: kafkaEachMessage(consume)});
 */
export function kafkaEachMessage(
	consume: Consumer<KafkaMessage>,
	{stopFor = 60_000}: KafkaOptions = {},
): (payload: EachMessage) => Promise<void> {
	return async ({topic, partition, message, pause}) => {
		try {
			await consume({...message, topic, partition});
		} catch (error) {
			pauseAt(error, pause, stopFor);
			throw error;
		}
	};
}

/**
 * For `run()` of a consumer of kafkajs, to be spread into its options: one transaction for so many messages of a partition.
 * Offsets are resolved as far as all before them are committed.
 *
 * @example
 * import {kafkaEachBatch, type Consumer, type KafkaMessage} from 'latchkey/consumer';
 * import type {Consumer as KafkaConsumer} from 'kafkajs';
 *
 * declare const consumer: KafkaConsumer;
 * declare const consume: Consumer<KafkaMessage>;
 * await consumer.run({...kafkaEachBatch(consume), partitionsConsumedConcurrently: 3});
 */
export function kafkaEachBatch(
	consume: Consumer<KafkaMessage>,
	{size = 100, stopFor = 60_000}: KafkaBatchOptions = {},
): {
	readonly eachBatchAutoResolve: false;
	readonly eachBatch: (payload: EachBatch) => Promise<void>;
} {
	return {
		// It would resolve what was not processed when the consumer stops in between.
		eachBatchAutoResolve: false,
		async eachBatch({batch, resolveOffset, heartbeat, pause, commitOffsetsIfNecessary, isRunning, isStale}) {
			const {topic, partition, messages} = batch;
			for (let at = 0; at < messages.length && isRunning() && !isStale(); at += size) {
				const part = messages.slice(at, at + size);
				const results = await consume.batch(part.map(message => ({...message, topic, partition})));
				for (const [i, {offset}] of part.entries()) {
					const result = results[i];
					if (result?.acknowledge) {
						resolveOffset(offset);
						continue;
					}

					await commitOffsetsIfNecessary();
					const error = result?.status === 'failed' ? result.error : new Error('a message was held back');
					pauseAt(error, pause, stopFor);
					throw error;
				}

				await commitOffsetsIfNecessary();
				await heartbeat();
			}
		},
	};
}

/** Where kafkajs would only try it again at once, and with it all other partitions. */
function pauseAt(error: unknown, pause: () => () => void, stopFor: number): void {
	const stops = error instanceof PoisonMessageError || error instanceof MessageIdError;
	if (stops) clock.timer(pause(), stopFor, false);
	if (error instanceof MessageBusyError) clock.timer(pause(), error.retryAfter, false);
}
