/** How a key came to be free. `word`: somebody said what became of it, for which latchkey does not answer. */
export type Freed = 'complete' | 'forget' | 'force' | 'refused' | 'word';

/** What is true of one key, whatever its clients believe. */
export type KeyFacts = {
	readonly key: string;
	readonly operation: string;
	/** What was sent under it. */
	body: string | undefined;
	/** Copies of requests that are on their way to the server, or that it works on. */
	underWay: number;
	effects: number;
	/** Whose copies had one. */
	readonly effectsOf: Set<string>;
	/** When it last had one, in true time. */
	effectAt: number;
	/** A load balancer repeated it, so that answers that the server does not keep may differ. */
	duplicated: boolean;
	/** Who sent it. */
	readonly sentBy: Set<string>;
	/** Lives that went on with it without a claim in the shared store, as their callers were told. */
	readonly apartIn: Set<string>;
	/** A client was told that it was not sent, or was turned away, when a copy had arrived. */
	misled: boolean;
	/** A changed request took its name when it was held to be unprocessed, or its key's end came. */
	replaced: boolean;
	freed: Freed | undefined;
	/** Whether other payloads were sent under it, too. */
	reused: boolean;
	/** Since when somebody's word has it that it succeeded, in true time. */
	saidAt: number;
	/** Since when it stands at pending in the store. */
	pendingAt: number;
	/** Lives that sent it and have neither been told nor written down what became of it. */
	readonly openFor: Set<string>;
	/** Lives whose claim found that the store's clock was set back. */
	readonly unsureOfAge: Set<string>;
	/** It was settled by somebody's word, for which latchkey does not answer. */
	disowned: boolean;
	/** When a caller was first told that it succeeded, in true time. */
	shownAt: number;
	/** When it was last completed or forgotten, in true time. */
	freedAt: number;
	/** When it was first sent, by a clock of the store that is never set. */
	sentAt: number;
	/** Lives that have told by an event that it succeeded when it was replaced. */
	readonly lateIn: Set<string>;
	/** When a caller was last told that it was refused. */
	refusedAt: number;
};

/** What is true, key by key. */
export function createTruth() {
	const keys = new Map<string, KeyFacts>();

	return {
		of(operation: string, key: string): KeyFacts {
			const known = keys.get(key);
			if (known !== undefined) return known;
			const facts: KeyFacts = {
				key,
				operation,
				body: undefined,
				underWay: 0,
				effects: 0,
				effectsOf: new Set(),
				effectAt: 0,
				duplicated: false,
				sentBy: new Set(),
				apartIn: new Set(),
				misled: false,
				replaced: false,
				reused: false,
				saidAt: Number.POSITIVE_INFINITY,
				pendingAt: Number.POSITIVE_INFINITY,
				openFor: new Set(),
				unsureOfAge: new Set(),
				freed: undefined,
				disowned: false,
				shownAt: Number.POSITIVE_INFINITY,
				freedAt: Number.POSITIVE_INFINITY,
				sentAt: Number.POSITIVE_INFINITY,
				lateIn: new Set(),
				refusedAt: -1,
			};
			keys.set(key, facts);
			return facts;
		},
		/** Whose key it is. */
		idOf: (key: string) => keys.get(key)?.operation ?? '',
		/** In the order in which they came into the world. */
		keysOf: (operation: string) => [...keys.values()].filter(facts => facts.operation === operation),
		/** It comes into the world once more. */
		renew(key: string): void {
			const facts = keys.get(key);
			if (facts !== undefined && keys.delete(key)) keys.set(key, facts);
		},
	};
}
