import type {Environment} from '../environment.ts';
import type {Passenger} from './call.ts';
import {takeOff, type Flight} from './flight.ts';
import type {Place} from './place.ts';
import {nextOwner} from './realm.ts';
import {notify, showSnapshot} from './remember.ts';
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
		join(realm.flights, flightId, passenger, landed =>
			takeOff(passenger, {
				environment,
				operation,
				linger: LINGER,
				// The same object: the flight reads from it which key is in use.
				run: work => runNamed(Object.assign(work, place, {owner: nextOwner(realm)})),
				changed: tell,
				landed(last) {
					landed();
					sweepAtTimes(realm, environment);
					if (last === undefined) tell();
					else showSnapshot(place, last);
				},
			}),
		);
		tell();
	};
}

/** What tells the callers under one own key apart; `undefined`: each is on its own. */
export type OwnKey = {readonly key: string | undefined; readonly crew: string | undefined};

/** Calls under one own key are one flight while it lasts; all others are of themselves alone. */
export function boardUnnamed(
	environment: Environment,
	flights: Map<string, Flight>,
	{key, crew}: OwnKey,
): (passenger: Passenger) => void {
	const begin = (passenger: Passenger, landed: () => void) =>
		takeOff(passenger, {
			environment,
			operation: undefined,
			linger: crew === undefined ? 0 : LINGER,
			run: work => runUnnamed(work, key),
			changed: nothing,
			landed,
		});
	return passenger => {
		if (crew === undefined) passenger.boarded = begin(passenger, nothing);
		else join(flights, crew, passenger, landed => begin(passenger, landed));
	};
}

function nothing(): void {}

function join(
	flights: Map<string, Flight>,
	id: string,
	passenger: Passenger,
	begin: (landed: () => void) => Flight,
): void {
	const flight = flights.get(id);
	if (flight === undefined) {
		const begun = begin(() => flights.delete(id));
		passenger.boarded = begun;
		flights.set(id, begun);
	} else if (flight.joinable()) {
		passenger.boarded = flight;
		flight.join(passenger);
	} else {
		// It is winding down: its outcome is waited for, then taken as it stands.
		void flight.landed.then(() => {
			if (passenger.waiting()) join(flights, id, passenger, begin);
		});
	}
}
