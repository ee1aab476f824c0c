/** The message is not to be acknowledged: its handler has failed `attempts` times, and the consumer stops here. */
export class PoisonMessageError extends Error {
	override readonly name = 'PoisonMessageError';
	readonly code = 'POISON_MESSAGE';
	readonly id: string;
	readonly attempts: number;

	/** `cause`: what the handler threw. */
	constructor(id: string, attempts: number, cause: unknown) {
		const what = `the message ${id} has failed ${attempts} times`;
		super(`${what}: mend what it fails of, or let it be skipped by skip()`, {cause});
		this.id = id;
		this.attempts = attempts;
	}
}

/** The message was not processed: it has no id, or one that belongs to another payload. */
export class MessageIdError extends Error {
	override readonly name = 'MessageIdError';
	readonly code: 'MESSAGE_ID_MISSING' | 'MESSAGE_ID_REUSED';
	readonly id: string | undefined;

	/** `cause`: what the option `id` or `fingerprint` threw. */
	constructor(id: string | undefined, cause?: unknown) {
		const reused = `the id ${id} was that of another payload: which of the two is meant, its producer knows`;
		super(
			id === undefined
				? 'the message has no id: what the option "id" of onceOnly looks for, such as a header, is not there'
				: reused,
			cause === undefined ? {} : {cause},
		);
		this.code = id === undefined ? 'MESSAGE_ID_MISSING' : 'MESSAGE_ID_REUSED';
		this.id = id;
	}
}

/** Another consumer is at this message: it is not to be acknowledged, and to be delivered again later. */
export class MessageBusyError extends Error {
	override readonly name = 'MessageBusyError';
	readonly code = 'MESSAGE_BUSY';
	/** When the other's lease is over at the latest, in milliseconds from now. */
	readonly retryAfter: number;

	constructor(id: string, retryAfter: number) {
		super(`another consumer is at the message ${id}`);
		this.retryAfter = retryAfter;
	}
}
