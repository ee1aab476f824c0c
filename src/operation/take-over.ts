import type {Environment} from '../environment.ts';
import type {Flight} from './caller.ts';
import type {NamedWork} from './named-work.ts';
import type {Place} from './place.ts';

// Only where each request has a context of its own (`Environment.bind`). A flight then ends with the request that
// it began in, because its client has gone, or its handler has answered without it. It does not fail: it just stops.

/** How often who waits for the flight of another request looks whether that is still alive, in milliseconds. */
const LOOK = 400;

/** Asks a flight for a sign of life; twice, because somebody else may have kept the isolate busy. */
export function lookAfter({timer}: Environment, flight: Flight, looking: () => boolean, goOn: () => void): void {
	let unanswered = 0;
	const look = () => {
		if (!looking()) return;
		if (unanswered === 2) {
			goOn();
			return;
		}

		unanswered++;
		flight.run(() => {
			unanswered = 0;
		});
		timer(look, LOOK);
	};
	look();
}

/** In milliseconds. */
const ABANDONED = 120_000;

/** Flights that nobody comes back for would stay; the oldest goes, for each that begins. */
export function dropOldest(flights: Map<string, Flight>, {now}: Environment): void {
	for (const [id, {left, snapshot}] of flights) {
		if (left() <= 0 && now() - snapshot().since > ABANDONED) flights.delete(id);
		return;
	}
}

/**
 * Makes it the work on what a dead flight was about. If that has come to an end by now, it is told, and nothing begins
 * anew; if its record is gone, no other key may be offered.
 */
export async function takeOver(work: NamedWork, dead: Flight): Promise<NamedWork> {
	await release(work);
	const {realm, flightId, owner, request} = work;
	const key = dead.key();
	if (key === undefined) return work;
	if (!realm.offered.has(flightId)) realm.offered.set(flightId, {key, owner, sent: 'claimed', ambiguous: true});
	return Object.assign(work, {request: {...request, resumes: key}});
}

/** Gives back the claim of a dead flight, so that nobody waits for its lease to end. */
async function release({realm, id, flightId}: Place): Promise<void> {
	const {ledger, name, offered} = realm;
	// It never learnt of its claim, so it has sent nothing under it: the same claim is made again, by the same owner.
	if (offered.has(flightId)) return;
	try {
		const where = await id();
		const [found] = await ledger.list(where.scope, where.name);
		if (!found?.record.owner.startsWith(`${name}/`)) return;
		const {key, owner, token} = found.record;
		await ledger.settle(where, {key, owner, token, state: {status: 'unknown'}, fenced: true, keepAnswer: false});
	} catch {
		// What the store could not do now, the end of the lease does.
	}
}
