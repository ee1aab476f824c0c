import type {Environment} from '../environment.ts';
import type {Flight, Slot} from './flight.ts';
import {storedRecord, type Operation, type Run} from './operations.ts';

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
export function dropAbandoned(slots: Iterable<Slot>, {now}: Environment): void {
	for (const slot of slots) {
		const {flight} = slot;
		if (flight === undefined) continue;
		if (flight.remaining() <= 0 && now() - flight.snapshot.since > ABANDONED) slot.flight = undefined;
		return;
	}
}

/**
 * Makes it the work on what a dead flight was about. If that has come to an end by now, it is told, and nothing begins
 * anew; if its record is gone, no other key may be offered.
 */
export async function takeOver(run: Run, dead: Flight): Promise<Run> {
	const {operation, owner, request} = run;
	await release(operation);
	const {key} = dead;
	if (key === undefined) return run;
	operation.candidate ??= {key, owner, sent: 'claimed', ambiguous: true};
	run.request = {...request, resumes: key};
	return run;
}

/** Gives back the claim of a dead flight, so that nobody waits for its lease to end. */
async function release(operation: Operation): Promise<void> {
	// It never learnt of its claim, so it has sent nothing under it: the same claim is made again, by the same owner.
	if (operation.candidate) return;
	try {
		const {operations, id} = operation;
		const found = await storedRecord(operation);
		if (!found?.record.owner.startsWith(`${operations.realm()}/`)) return;
		const {key, owner, token} = found.record;
		await operations.store.settle(await id(), {
			key,
			owner,
			token,
			state: {status: 'unknown'},
			fenced: true,
			keepAnswer: false,
		});
	} catch {
		// What the store could not do now, the end of the lease does.
	}
}
