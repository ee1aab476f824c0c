export type {BatchResult} from './batch.ts';
export type {LeasedDelivery} from './by-lease.ts';
export {MessageBusyError, MessageIdError, PoisonMessageError} from './errors.ts';
export type {Arrival, Failed, Found, Inbox} from './inbox.ts';
export type {Delivery} from './in-transaction.ts';
export {jetStreamEach, type JetStreamMessage, type JetStreamOptions} from './jetstream.ts';
export {
	kafkaEachBatch,
	kafkaEachMessage,
	type KafkaBatchOptions,
	type KafkaMessage,
	type KafkaOptions,
} from './kafka.ts';
export {cloudEventId, headerId, positionId, type MessageId} from './message-id.ts';
export type {HeaderValue, Message} from './message.ts';
export {onceOnly, type Consumer} from './once-only.ts';
export type {ConsumerEvent, DeadLetter, LeaseOptions, TransactionOptions} from './options.ts';
export {postgresOutbox, type NewMessage, type Outbox, type OutboxOptions} from './outbox.ts';
export {postgresInbox, type PostgresInbox, type PostgresInboxOptions} from './postgres-inbox.ts';
export type {OutboxMessage, Publish, PublishOptions, Relay, RelayOptions} from './relay.ts';
export type {Delivered, Result} from './runs.ts';
export {sqliteInbox, type SqliteConnection, type SqliteInboxOptions} from './sqlite-inbox.ts';
