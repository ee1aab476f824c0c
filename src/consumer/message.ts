/** A header as brokers' clients give it: text or bytes, once or several times. */
export type HeaderValue = string | Uint8Array | ReadonlyArray<string | Uint8Array> | undefined;

/** What a broker delivered, whatever the broker. A message of kafkajs is one, with its topic and partition beside it. */
export type Message = {
	/** The payload; `null`: none, as in a tombstone of Kafka. */
	readonly value: Uint8Array | string | null;
	readonly headers?: Readonly<Record<string, HeaderValue>> | undefined;
	/** Messages of one key are in an order. `null` or absent: it has none. */
	readonly key?: Uint8Array | string | null | undefined;
	/** The topic, stream or queue. */
	readonly topic?: string | undefined;
	readonly partition?: number | undefined;
	/** Its place in the partition or stream. */
	readonly offset?: string | number | bigint | undefined;
	/** When it was produced, in milliseconds since the epoch. */
	readonly timestamp?: string | number | undefined;
};

/** The first value of a header as text, its name in whatever case. */
export function headerOf({headers = {}}: Message, name: string): string | undefined {
	const wanted = name.toLowerCase();
	const found = Object.entries(headers).find(([it, value]) => it.toLowerCase() === wanted && value !== undefined);
	const value = found?.[1];
	const first = Array.isArray(value) ? (value as ReadonlyArray<string | Uint8Array>)[0] : value;
	return first === undefined ? undefined : textOf(first as string | Uint8Array);
}

export function textOf(value: string | Uint8Array): string {
	return typeof value === 'string' ? value : new TextDecoder().decode(value);
}

/** Tells keys apart; `undefined`: the message has none. Bytes that are no UTF-8 are told apart, too. */
export function keyOf({topic = '', key}: Message): string | undefined {
	if (key === null || key === undefined) return undefined;
	const spelt = typeof key === 'string' ? new TextEncoder().encode(key) : key;
	return JSON.stringify([topic, Array.from(spelt, byte => String.fromCharCode(byte)).join('')]);
}
