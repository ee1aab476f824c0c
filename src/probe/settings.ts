/** What the user asked for, checked. */
export type Settings = {
	readonly url: URL;
	readonly method: string;
	/** Of the first caller. */
	readonly headers: readonly Header[];
	/** Of a second caller, in place of those of the same name. */
	readonly headersB: readonly Header[];
	/** Added to a request so that the endpoint fails. */
	readonly errorHeaders: readonly Header[];
	readonly body: string | undefined;
	readonly otherBody: string | undefined;
	readonly errorBody: string | undefined;
	/** `undefined`: the key goes where `{{key}}` stands, in the URL or in the bodies. */
	readonly keyHeader: string | undefined;
	/** A URL or a command that says how many effects there are. */
	readonly count: string | undefined;
	/** How long the slow checks may take, in milliseconds; 0 leaves them out. */
	readonly slowFor: number;
	/** For one exchange, in milliseconds. */
	readonly timeout: number;
	readonly yes: boolean;
	readonly json: boolean;
	readonly require: readonly Requirement[];
};

export type Header = readonly [name: string, value: string];

export const requirements = ['safe', 'replay', 'concurrent', 'lost', 'errors', 'mismatch', 'scoped', 'draft'] as const;

export type Requirement = (typeof requirements)[number];
