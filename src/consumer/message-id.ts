import {headerOf, textOf, type Message} from './message.ts';

/** Names a message: the same at every delivery, and of no other message. `undefined`: it has no such name. */
export type MessageId<M extends Message = Message> = (message: M) => string | undefined;

/**
 * The id that the producer has put into a header: it also tells what was produced twice.
 *
 * @example onceOnly(handler, {transaction, consumer: 'billing', id: headerId('message-id')});
 */
export function headerId(name: string): MessageId {
	return message => headerOf(message, name) || undefined;
}

/** As CloudEvents' bindings spell attributes: Kafka, HTTP and NATS, AMQP. */
const prefixes = ['ce_', 'ce-', 'cloudEvents:', 'cloudEvents_'];

/**
 * `source` and `id` of a CloudEvent, which together are unique by its specification: of the headers in binary mode, of the
 * JSON in structured mode. A batch of events has none: take it apart first.
 */
export function cloudEventId(message: Message): string | undefined {
	const type = headerOf(message, 'content-type')?.trim().toLowerCase() ?? '';
	if (/^application\/cloudevents\+json(?:;|$)/.test(type)) return structuredId(message);
	for (const prefix of prefixes) {
		const [source, id] = [headerOf(message, `${prefix}source`), headerOf(message, `${prefix}id`)];
		if (source && id) return JSON.stringify([source, id]);
	}

	return undefined;
}

function structuredId({value}: Message): string | undefined {
	try {
		const {source, id} = JSON.parse(textOf(value ?? '')) as {source?: unknown; id?: unknown};
		const texts = typeof source === 'string' && typeof id === 'string' && source !== '' && id !== '';
		return texts ? JSON.stringify([source, id]) : undefined;
	} catch {
		return undefined;
	}
}

/**
 * Topic, partition and offset: it tells what is *delivered* twice. What was *produced* twice has two offsets, and takes
 * effect twice. A topic that is made anew, or a mirror of it, counts from nought again: its messages are then reported as
 * ids of other payloads. Prefer an id of the producer.
 */
export function positionId({topic, partition, offset}: Message): string | undefined {
	if (topic === undefined || offset === undefined) return undefined;
	return JSON.stringify([topic, partition ?? 0, String(offset)]);
}
