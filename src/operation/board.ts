import type {Environment} from '../environment.ts';
import type {Passenger} from './call.ts';
import {takeOff, type Flight} from './flight.ts';
import type {NamedWork} from './named-work.ts';
import type {Place} from './place.ts';
import {nextOwner} from './realm.ts';
import {release} from './release.ts';
import {notify, showSnapshot} from './remember.ts';
import type {Result} from './result.ts';
import {runNamed, runUnnamed} from './run.ts';
import {sweepAtTimes} from './sweep.ts';

/** How long a flight goes on when its last caller has left: React's StrictMode mounts twice. In milliseconds. */
const LINGER = 100;

/** Joins the flight of a named operation, or begins one: in the same tick, before any await. */
export function boardNamed(environment: Environment, place: Place): (passenger: Passenger) => void {
	const {realm, flightId, operation} = place;
	return passenger => {
		const tell = () => {
			notify(place);
		};
		join(environment, realm.flights, flightId, passenger, (landed, dead) =>
			takeOff(passenger, {
				environment,
				operation,
				linger: LINGER,
				before: dead?.progress,
				run(work) {
					// The same object: the flight reads from it which key is in use.
					const named = Object.assign(work, place, {owner: nextOwner(realm)});
					return dead === undefined ? runNamed(named) : takeOver(named, dead);
				},
				changed: tell,
				landed(last, goesOn) {
					landed();
					sweepAtTimes(realm, environment);
					if (last !== undefined) showSnapshot(place, last);
					else if (!goesOn) tell();
				},
			}),
		);
		tell();
	};
}

/**
 * Goes on with what a dead flight was about. If that has come to an end by now, it is told, and nothing begins anew; if
 * its record is gone, no other key may be offered.
 */
async function takeOver(work: NamedWork, dead: Flight): Promise<Result> {
	await release(work);
	const {realm, flightId, owner, request} = work;
	const key = dead.key();
	if (key === undefined) return runNamed(work);
	if (!realm.offered.has(flightId)) realm.offered.set(flightId, {key, owner, unclaimed: false});
	return runNamed(Object.assign(work, {request: {...request, resumes: key}}));
}

/** What tells the callers under one own key apart; `undefined`: each is on its own. */
export type OwnKey = {readonly key: string | undefined; readonly crew: string | undefined};

/** Calls under one own key are one flight while it lasts; all others are of themselves alone. */
export function boardUnnamed(
	environment: Environment,
	flights: Map<string, Flight>,
	{key, crew}: OwnKey,
): (passenger: Passenger) => void {
	const begin = (passenger: Passenger, landed: () => void, dead?: Flight) =>
		takeOff(passenger, {
			environment,
			operation: undefined,
			linger: crew === undefined ? 0 : LINGER,
			before: dead?.progress,
			run: work => runUnnamed(work, key ?? environment.uuid()),
			changed: nothing,
			landed,
		});
	return passenger => {
		if (crew === undefined) passenger.boarded = begin(passenger, nothing);
		else join(environment, flights, crew, passenger, (landed, dead) => begin(passenger, landed, dead));
	};
}

function nothing(): void {}

/** `dead`: the flight that this one takes over from. */
type Begin = (landed: () => void, dead: Flight | undefined) => Flight;

function join(
	environment: Environment,
	flights: Map<string, Flight>,
	id: string,
	passenger: Passenger,
	begin: Begin,
	dead?: Flight,
): void {
	const flight = flights.get(id);
	if (flight === undefined) {
		if (environment.bind) dropOldest(flights);
		const begun = begin(() => {
			if (flights.get(id) === begun) flights.delete(id);
		}, dead);
		passenger.boarded = begun;
		flights.set(id, begun);
		return;
	}

	if (flight.joinable()) {
		passenger.boarded = flight;
		flight.join(passenger);
	} else {
		// It is winding down: its outcome is waited for, then taken as it stands.
		flight.follow(passenger);
	}

	lookAfter(environment, flight, passenger, () => {
		flight.leave(passenger);
		if (flights.get(id) === flight) flights.delete(id);
		join(environment, flights, id, passenger, begin, flight);
	});
}

/** How often who waits for the flight of another request looks whether that is still alive, in milliseconds. */
const LOOK = 400;

/**
 * Where each request has a context of its own, a flight ends with the one that it began in: its client has gone, or its
 * handler has answered without it. It then just stops, so it is asked for a sign of life; and given a second chance,
 * because somebody else may have kept the isolate busy.
 */
function lookAfter({bind, timer}: Environment, flight: Flight, passenger: Passenger, takeOver: () => void): void {
	passenger.stopLooking?.();
	if (bind === undefined) return;
	let unanswered = 0;
	const look = () => {
		if (unanswered === 2) {
			takeOver();
			return;
		}

		unanswered++;
		flight.run(() => {
			unanswered = 0;
		});
		passenger.stopLooking = timer(look, LOOK);
	};
	look();
}

/** Flights that ended with their request stay if nobody comes for them; for each that begins, the oldest of them goes. */
function dropOldest(flights: Map<string, Flight>): void {
	for (const [id, oldest] of flights) {
		if (oldest.abandoned()) flights.delete(id);
		return;
	}
}
