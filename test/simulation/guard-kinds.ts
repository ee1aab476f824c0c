import {defineDialect} from '../../src/dialects/define.ts';
import type {Answer, Dialect} from '../../src/dialects/dialect.ts';
import {ietf} from '../../src/dialects/ietf.ts';
import {latchkey} from '../../src/dialects/latchkey.ts';
import type {ServerKind} from './servers.ts';

const FIVE_MINUTES = 300_000;

const plain = ietf();
const keeping = defineDialect({...latchkey.profile, saves: 'errors'});
const forgetting = defineDialect({...latchkey.profile, saves: 'errors', retention: FIVE_MINUTES});

const statusOf = ({body}: Answer) => (JSON.parse(new TextDecoder().decode(body)) as {status?: string} | null)?.status;

/** What is processed later is answered 202 first, and again until it is done. */
const later: Dialect = {
	...keeping,
	read: (answer, key) => (answer.status === 202 ? 'pending' : keeping.read?.(answer, key)),
	repeatsGiveCurrentState: true,
	statusRequest: {
		url: ({headers}) => headers.get('location') ?? undefined,
		read(answer) {
			const status = statusOf(answer);
			return status === 'paid' ? 'succeeded' : status === 'declined' ? 'refused' : 'pending';
		},
	},
};

const guard: ServerKind = {
	saves: () => true,
	repeat: 'replay',
	marked: true,
	retention: Number.POSITIVE_INFINITY,
	busy: 'described',
	used: {},
	compares: true,
	honoursKeys: true,
	gates: true,
	dialect: latchkey,
	plain,
	isGuard: true,
};

/** The server guard of this package. */
export const guardKinds = {
	guard,
	'guard that declares what it keeps': {...guard, dialect: keeping},
	'guard that forgets': {
		...guard,
		retention: FIVE_MINUTES,
		dialect: forgetting,
		plain: {...plain, retention: FIVE_MINUTES},
	},
	'guard of what is done later': {...guard, dialect: later, finishesLater: true},
} as const satisfies Record<string, ServerKind>;
