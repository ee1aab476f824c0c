import {ietf} from '../../src/dialects/ietf.ts';
import type {Answer, Dialect} from '../../src/dialects/dialect.ts';
import type {Says} from './says.ts';

/** How one kind of server treats keys. */
export type ServerKind = {
	/** Whether an answer is kept under its key. Effect and answer are kept together. */
	readonly saves: (status: number) => boolean;
	/** What the repeat of a finished request gets. */
	readonly repeat: 'replay' | 'refuse' | 'execute' | 'exists' | 'current';
	/** What takes it long it finishes after its answer, and tells of it where that says. */
	readonly finishesLater?: boolean;
	/** Whether replays are marked as such. */
	readonly marked: boolean;
	/** How long a key is remembered, in milliseconds. */
	readonly retention: number;
	/** What the repeat of a running request gets. `marked`: as if that were the replay of an answer. `waits`: its answer. */
	readonly busy: 'described' | 'bare' | 'marked' | 'waits';
	/** How it says that a key was used before, and whether that tells of another payload. */
	readonly used: Readonly<Record<string, string>>;
	readonly compares: boolean;
	/** One key has at most one effect, within retention. */
	readonly honoursKeys: boolean;
	/** Whatever it answered itself, the next copy of that request gets the same: a refusal is final. */
	readonly gates: boolean;
	/** A repeat leads to a success as long as there was none: it keeps nothing else, and says nothing that sounds final. */
	readonly repeats?: boolean;
	/** What its documentation says of it. */
	readonly dialect: Dialect;
	/** What somebody has who knows only where the key goes, and for how long it is kept. */
	readonly plain?: Dialect;
	/** It is the guard of this package itself, and no model of one. */
	readonly isGuard?: true;
	/** How it says it all, where not as the others do. */
	readonly says?: Says;
};

const MINUTE = 60_000;

const savesEverything: ServerKind = {
	saves: () => true,
	repeat: 'replay',
	marked: true,
	retention: Number.POSITIVE_INFINITY,
	busy: 'described',
	used: {code: 'idempotency_key_reused'},
	compares: true,
	honoursKeys: true,
	gates: true,
	dialect: ietf({saves: 'errors'}),
};

const {read: readShared} = ietf();
const wordOf = ({body}: Answer) =>
	(JSON.parse(new TextDecoder().decode(body)) as {status?: string; madeUnder?: string}) ?? {};

/** Payments in two steps: taken, then paid or declined. */
const inTwoSteps: Dialect = {
	...ietf({saves: 'errors'}),
	read: (answer, key) => (answer.status === 202 ? 'pending' : readShared?.(answer, key)),
	statusRequest: {
		url: ({headers}) => headers.get('location') ?? undefined,
		read(answer) {
			const {status} = wordOf(answer);
			return status === 'paid' ? 'succeeded' : status === 'declined' ? 'refused' : 'pending';
		},
	},
};

/** Says of a repeat under which key it was made. */
const namesTheKey: Dialect = {
	...ietf(),
	read(answer, key) {
		if (answer.status !== 409 || !answer.headers.has('location')) return readShared?.(answer, key);
		const resource = answer.headers.get('location') ?? undefined;
		return {reading: 'already-done', sameKey: wordOf(answer).madeUnder === key, resource};
	},
};

export const serverKinds = {
	'saves everything': savesEverything,
	'saves everything, marks nothing': {...savesEverything, marked: false},
	// An empty 409 may be a refusal, as which it counts when it lasts: its first copy may then still be at work.
	'says nothing while it works': {...savesEverything, busy: 'bare', gates: false},
	'saves only success': {
		...savesEverything,
		saves: status => status < 300,
		gates: false,
		repeats: true,
		dialect: ietf(),
	},
	// A refusal may depend on the moment: what is missing now may be there later.
	'saves what it decided': {
		...savesEverything,
		saves: status => status !== 404,
		gates: false,
		dialect: {...ietf(), saves: ({status}) => status === 402},
	},
	'forgets after its retention': {
		...savesEverything,
		retention: 5 * MINUTE,
		dialect: ietf({saves: 'errors', retention: 5 * MINUTE}),
	},
	'marks what it says while it works': {...savesEverything, busy: 'marked'},
	'refuses repeats': {...savesEverything, repeat: 'refuse', gates: false, dialect: ietf()},
	'refuses repeats, in words': {
		...savesEverything,
		repeat: 'refuse',
		used: {message: 'Duplicate idempotency key.'},
		compares: false,
		gates: false,
		dialect: ietf(),
	},
	'finishes later': {...savesEverything, finishesLater: true, dialect: inTwoSteps},
	'finishes later, and repeats how it stands': {
		...savesEverything,
		repeat: 'current',
		finishesLater: true,
		dialect: {...inTwoSteps, repeatsGiveCurrentState: true},
	},
	'says that it exists': {
		...savesEverything,
		saves: status => status < 300,
		repeat: 'exists',
		gates: false,
		repeats: true,
		dialect: namesTheKey,
	},
	'ignores keys': {
		...savesEverything,
		saves: () => false,
		repeat: 'execute',
		honoursKeys: false,
		gates: false,
		dialect: ietf(),
	},
} as const satisfies Record<string, ServerKind>;
