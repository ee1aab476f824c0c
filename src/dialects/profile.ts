import type {Dialect} from './dialect.ts';

/** What must be in a JSON value; other members may stand beside. Of a list: such an element. `'*'`: any member. */
export type JsonPattern =
	| string
	| number
	| boolean
	| null
	| readonly JsonPattern[]
	| {readonly [member: string]: JsonPattern};

/**
 * What an answer tells of its key.
 *
 * - `'first'`: the answer to the first request under the key.
 * - `'replayed'`: what the first one was answered, again.
 * - `'in-progress'`: the first request is still being worked on.
 * - `'mismatched'`: the key belongs to another payload.
 * - `'key-used'`: the key was used before, without a word about the payload.
 * - `'key-missing'`, `'key-malformed'`: nothing was done, for want of a key.
 * - `'already-done'`: the first request under this key took effect; its answer is not given again.
 * - `'pending'`: taken, and not finished.
 * - `'failed-before'`: an earlier attempt under this key failed for good; another needs a new key.
 * - `'outcome-unknown'`: the server itself does not know what became of the first one.
 * - `'expired'`: the key is too old to be told from another one; nothing was done now.
 * - `'refused'`, `'failed'`: an ordinary 4xx or 5xx.
 */
export type Means =
	| 'first'
	| 'replayed'
	| 'in-progress'
	| 'mismatched'
	| 'key-used'
	| 'key-missing'
	| 'key-malformed'
	| 'already-done'
	| 'pending'
	| 'failed-before'
	| 'outcome-unknown'
	| 'expired'
	| 'refused'
	| 'failed';

/** A status, or all of a class. */
export type Status = number | '2xx' | '4xx' | '5xx';

/**
 * One kind of answer and what it means. Read forwards it is a rule; read backwards it is an answer of a mock server. Where
 * it has a body or text, these tell, and headers are only sent: CORS hides headers. With neither, a marked replay is
 * told by headers, and never by its status alone.
 */
export type Exchange = {
	/** Any of them; a mock answers with the first. */
	readonly status: Status | readonly Status[];
	/** In lower case, with their values. */
	readonly headers?: Readonly<Record<string, string>>;
	readonly body?: JsonPattern;
	/** Words that stand somewhere in the body, whatever its type; letter case does not count. */
	readonly text?: string;
	readonly means: Means;
	/** It is kept under the key, so that a repeat gets it again. */
	readonly saved?: true;
	/**
	 * Where in the body the resource is named that the first request made: names of members, `0` for the first of a list. It
	 * says its URL, or its id in the collection that the request was sent to.
	 */
	readonly resource?: string;
	/** With `'already-done'`: it may have been under another key that something unique was taken. */
	readonly anyKey?: true;
	/** The page or the source that says so. */
	readonly source: string;
	/** Not read there, but in somebody's account of it. Such a row only ever makes the reading more careful. */
	readonly secondHand?: true;
};

/** What a server takes for a key. */
export type KeyRule = {
	/** In characters. */
	readonly min?: number;
	readonly max?: number;
	readonly format?: 'uuid' | 'uuid4';
};

/** Where the key stands: in a header, in the JSON body, among the variables of a GraphQL request, in the query. */
export type Place =
	| {readonly header: string}
	| ({readonly body: string} & Required<Pick<Dialect, 'carrier'>>)
	| ({readonly variable: string} & Required<Pick<Dialect, 'carrier'>>)
	| ({readonly query: string} & Required<Pick<Dialect, 'carrier'>>);

/** What is known of one API, as data. `defineDialect` makes a dialect of it. */
export type Profile = {
	readonly name: string;
	readonly key: Place & KeyRule;
	/** The methods that it honours keys on. */
	readonly methods: readonly string[];
	/** See `Dialect.retention`. */
	readonly retention?: number;
	/** The response header whose `true` marks a replay. */
	readonly replayMarker?: string;
	/** Which answers are kept under the key: 2xx; also 4xx that do not speak of the moment; 5xx too. */
	readonly saves?: 'success' | 'errors' | 'everything';
	/** Whether another payload under the same key is told. */
	readonly compares?: boolean;
	/** See `Dialect.shouldRetryHeader`. */
	readonly retryHeader?: string;
	/** How to ask what became of what is pending. */
	readonly status?: {
		/** What is asked about, in the answer that says pending: as `Exchange.resource`. */
		readonly resource: string;
		/** What its JSON has when it is done, or declined for good. */
		readonly succeeded: readonly JsonPattern[];
		readonly refused: readonly JsonPattern[];
		/** The page that says so. */
		readonly source: string;
	};
	/** See `Dialect.repeatsGiveCurrentState`. */
	readonly repeatsGiveCurrentState?: true;
	/** What a failure that will not go away calls for. */
	readonly afterFailure?: 'same-key' | 'new-key' | 'look';
	/** How answers are read that no row fits: by the words that many servers share, or not at all. */
	readonly otherwise: 'words' | 'nothing';
	/** See `Dialect.headersWith`. */
	readonly headersWith?: Dialect['headersWith'];
	/** In order; the first that fits decides. */
	readonly exchanges: readonly Exchange[];
	/** When the sources were read. */
	readonly read: string;
};

/** A dialect with what it was made of. */
export type ProfiledDialect = Dialect & {readonly profile: Profile};
