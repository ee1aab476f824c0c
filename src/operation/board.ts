import type {Environment} from '../environment.ts';
import type {Passenger} from './call.ts';
import type {Flight} from './caller.ts';
import {takeOff} from './flight.ts';
import type {Place} from './place.ts';
import {nextOwner} from './realm.ts';
import {notify, showSnapshot} from './remember.ts';
import {runNamed, runUnnamed} from './run.ts';
import {sweepAtTimes} from './sweep.ts';
import {dropOldest, lookAfter, takeOver} from './take-over.ts';

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
					return dead ? takeOver(named, dead).then(runNamed) : runNamed(named);
				},
				changed: tell,
				landed(last) {
					landed();
					sweepAtTimes(realm, environment);
					// Who has joined may go on with it at once.
					if (last === undefined) queueMicrotask(tell);
					else showSnapshot(place, last);
				},
			}),
		);
		tell();
	};
}

/** What tells the callers under one own key apart; `undefined`: each is on its own. */
export type OwnKeyFlight = {readonly key: string | undefined; readonly crew: string | undefined};

/** Calls under one own key are one flight while it lasts; all others are of themselves alone. */
export function boardUnnamed(
	environment: Environment,
	flights: Map<string, Flight>,
	{key, crew}: OwnKeyFlight,
): (passenger: Passenger) => void {
	const begin = (passenger: Passenger, landed: () => void, dead?: Flight) =>
		takeOff(passenger, {
			environment,
			operation: undefined,
			linger: crew === undefined ? 0 : LINGER,
			before: dead?.progress,
			run: work => runUnnamed(work, key),
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
	passenger.stopLooking?.();
	const flight = flights.get(id);
	if (flight === undefined) {
		if (environment.bind) dropOldest(flights, environment);
		const begun = begin(() => {
			if (flights.get(id) === begun) flights.delete(id);
		}, dead);
		passenger.boarded = begun;
		flights.set(id, begun);
		return;
	}

	passenger.boarded = flight;
	// Of one that is winding down the outcome is waited for, then taken as it stands.
	if (flight.joinable()) flight.join(passenger);
	else flight.follow(passenger);

	if (environment.bind === undefined) return;
	let looking = true;
	passenger.stopLooking = () => {
		looking = false;
	};
	const goOn = () => {
		flight.leave(passenger);
		if (flights.get(id) === flight) flights.delete(id);
		join(environment, flights, id, passenger, begin, flight);
	};
	lookAfter(environment, flight, () => looking, goOn);
}
