import {answerAs, rowFor} from '../../src/dialects/answers.ts';
import type {Dialect} from '../../src/dialects/dialect.ts';
import {ietf} from '../../src/dialects/ietf.ts';
import type {Exchange, JsonPattern, Means, Profile} from '../../src/dialects/profile.ts';
import {shipped, type Shipped} from '../dialects/all.ts';
import type {Says} from './says.ts';
import type {Reply} from './server.ts';
import type {ServerKind} from './servers.ts';

/** What of it is not in its profile, or may be one way or the other. */
type Variant = {
	readonly saves: 'success' | 'errors' | 'everything';
	/** What it says of a first request that has failed. */
	readonly failed?: Means;
	readonly finishesLater?: boolean;
	readonly exists?: boolean;
};

type Said = (key: string) => Reply;

const RESOURCE = 'resource_1';

/** A row of its table as an answer about a key, which names what was made. */
async function saidBy(row: Exchange): Promise<Said> {
	const response = answerAs(row, RESOURCE);
	const {status} = response;
	const headers = Object.fromEntries(response.headers);
	const text = await response.text();
	return key => ({status, headers, body: JSON.parse(text.replaceAll(RESOURCE, key)) as unknown, open: true});
}

async function said(profile: Profile, ...means: readonly Means[]): Promise<Said | undefined> {
	const row = means.map(one => rowFor(profile, one)).find(one => one !== undefined);
	return row && saidBy(row);
}

async function speaking(profile: Profile, {failed, finishesLater}: Variant): Promise<Says> {
	const busy = await said(profile, 'in-progress');
	const used = profile.compares === false ? undefined : await said(profile, 'mismatched', 'key-used');
	const done = await said(profile, 'already-done');
	const failedBefore = failed && (await said(profile, failed));
	const expired = await said(profile, 'expired');
	const pending = rowFor(profile, 'pending');
	const asked = profile.status && {resource: profile.status.resource};
	const taken = pending && (await saidBy({...pending, ...asked}));
	const {replayMarker: marker, status} = profile;
	const pattern = (one: JsonPattern | undefined, otherwise: string) => one ?? {status: otherwise};
	const standings = {
		processing: pending?.body,
		paid: pattern(status?.succeeded[0], 'paid'),
		declined: pattern(status?.refused[0], 'declined'),
	};

	function again(first: Reply, key: string): Reply {
		if (first.status >= (failed === 'outcome-unknown' ? 500 : 400) && failedBefore) return failedBefore(key);
		return marker === undefined ? first : {...first, headers: {...first.headers, [marker]: 'true'}};
	}

	return {
		busy: busy ?? (() => ({status: 409, body: {title: 'Conflict'}, open: true})),
		used: key => used?.(key),
		exists: done ?? (() => ({status: 409, open: true})),
		again,
		expired: key => expired?.(key),
		taken: taken ?? (() => ({status: 202, open: true})),
		current: outcome => ({status: outcome === 'paid' ? 201 : 402, body: standings[outcome]}),
		standing: outcome => standings[outcome],
		...(finishesLater && {made: Object(standings.paid) as object}),
	};
}

async function kindOf({dialect, profile}: Shipped, variant: Variant): Promise<ServerKind> {
	const {saves, failed, finishesLater = false, exists} = variant;
	const says = await speaking(profile, variant);
	const {name, retention, replayMarker, methods, repeatsGiveCurrentState} = profile;
	// A conflict that says nothing is taken for a refusal when it lasts.
	const tells = /idempoten|request/i.test(JSON.stringify(says.busy('').body));
	const honoursKeys = methods.length > 0;
	const repeat = exists ? 'exists' : repeatsGiveCurrentState && finishesLater ? 'current' : 'replay';
	return {
		saves: status =>
			status < 300 || failed === 'failed-before' || saves === 'everything' || (saves === 'errors' && status < 500),
		repeat: honoursKeys ? repeat : 'execute',
		finishesLater,
		marked: replayMarker !== undefined,
		retention: retention ?? Number.POSITIVE_INFINITY,
		busy: name === 'spring idempotent' ? 'waits' : tells ? 'described' : 'bare',
		used: {},
		compares: rowFor(profile, 'mismatched') !== undefined,
		honoursKeys,
		gates: honoursKeys && saves !== 'success' && tells,
		repeats: honoursKeys && saves === 'success' && tells && failed === undefined && repeat === 'replay',
		dialect,
		plain: plainOf(dialect),
		says,
	};
}

function plainOf({header, carrier, headersWith, retention}: Dialect): Dialect {
	return {...ietf(), header, carrier, headersWith, retention};
}

/** Where the profile does not say what is kept besides successes, both may be. */
function variantsOf({profile}: Shipped): Record<string, Variant> {
	const saves = profile.name === 'stripe' ? 'everything' : (profile.saves ?? 'success');
	const exists = rowFor(profile, 'already-done') !== undefined && profile.replayMarker === undefined;
	const failed = rowFor(profile, 'failed-before') && 'failed-before';
	const usual: Variant = {saves, exists, ...(failed && {failed})};
	const isOpen = profile.saves === undefined && saves === 'success' && !exists && !failed && profile.methods.length > 0;
	return {
		'': usual,
		...(isOpen && {', errors kept': {...usual, saves: 'errors'} as const}),
		...(rowFor(profile, 'pending') && {', finished later': {...usual, finishesLater: true}}),
		...(profile.name === 'latchkey' && {
			', answers gone': {...usual, exists: true},
			', failures in doubt': {...usual, saves: 'everything', failed: 'outcome-unknown'} as const,
		}),
	};
}

/** The servers of the dialects that the package has, made of their tables. */
export const dialectKinds: ReadonlyMap<`dialect of ${string}`, ServerKind> = new Map(
	await Promise.all(
		shipped.flatMap(one =>
			Object.entries(variantsOf(one)).map(
				async ([name, variant]) => [`dialect of ${one.code}${name}`, await kindOf(one, variant)] as const,
			),
		),
	),
);
