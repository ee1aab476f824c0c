import {clock} from '../clock.ts';
import {tellGuarded} from '../utils.ts';
import {MessageBusyError, MessageIdError, PoisonMessageError} from './errors.ts';
import type {HeaderValue, Message} from './message.ts';
import type {Consumer} from './once-only.ts';

/** A message of JetStream: `topic` is its stream, `offset` its number in that. */
export type JetStreamMessage = Message & {readonly subject: string; readonly value: Uint8Array};

/** What `consume()` and `fetch()` of a consumer of `@nats-io/jetstream` give. */
type JsMsg = {
	readonly subject: string;
	readonly seq: number;
	readonly data: Uint8Array;
	readonly time: Date;
	readonly info: {readonly stream: string; readonly deliveryCount: number};
	readonly headers?: Iterable<readonly [string, readonly string[]]> | undefined;
	ack(): void;
	nak(millis?: number): void;
	working(): void;
};

export type JetStreamOptions = {
	/**
	 * How often the server is told that a handler is still at work, in milliseconds. Keep it well below `ack_wait`.
	 *
	 * @default 10_000
	 */
	readonly working?: number;
	/** Is told why a message was not acknowledged. It is delivered again, after 1 s, 2 s, 4 s and so on up to a minute. */
	readonly onError?: (error: unknown, message: JetStreamMessage) => void;
};

/**
 * Processes a message of JetStream, and acknowledges it once it is committed. What fails is delivered again. Rejects with what
 * stops the consumer: poison, and what is refused. For the order of a key set `max_ack_pending: 1` on the consumer.
 *
 * @example
 * import {jetStreamEach, type Consumer, type JetStreamMessage} from 'latchkey/consumer';
 * import {jetstream} from '@nats-io/jetstream';
 * import {connect} from '@nats-io/transport-node';
 *
 * declare const consume: Consumer<JetStreamMessage>;
 * const each = jetStreamEach(consume);
 * const consumer = await jetstream(await connect()).consumers.get('orders', 'billing');
 * for await (const message of await consumer.consume()) await each(message);
 */
export function jetStreamEach(
	consume: Consumer<JetStreamMessage>,
	{working = 10_000, onError = () => undefined}: JetStreamOptions = {},
): (message: JsMsg) => Promise<void> {
	return async given => {
		const message = messageOf(given);
		let cancel: () => void = () => undefined;
		const wait = () => {
			cancel = clock.timer(
				() => {
					given.working();
					wait();
				},
				working,
				false,
			);
		};
		wait();
		try {
			await consume(message);
			given.ack();
		} catch (error) {
			const later = Math.min(1_000 * 2 ** (given.info.deliveryCount - 1), 60_000);
			given.nak(error instanceof MessageBusyError ? Math.max(error.retryAfter, 1) : later);
			tellGuarded(onError, error, message);
			if (error instanceof PoisonMessageError || error instanceof MessageIdError) throw error;
		} finally {
			cancel();
		}
	};
}

function messageOf({subject, seq, data, time, info, headers = []}: JsMsg): JetStreamMessage {
	const named: Array<[string, HeaderValue]> = Array.from(headers, ([name, values]) => [name, values]);
	return {
		subject,
		value: data,
		headers: Object.fromEntries(named),
		key: subject,
		topic: info.stream,
		offset: seq,
		timestamp: time.getTime(),
	};
}
