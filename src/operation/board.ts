import type {Environment} from '../environment.ts';
import {nameId} from '../request/identity.ts';
import {scopeId} from '../request/scope.ts';
import type {Passenger} from './call.ts';
import {takeOff, type Flight} from './flight.ts';
import {flightId, nextOwner, notify, showSnapshot, type Realm} from './realm.ts';
import {runNamed, runUnnamed} from './run.ts';
import {sweepAtTimes} from './sweep.ts';
import type {NamedWork} from './named-work.ts';
import type {Work} from './work.ts';

export type Boarding = {readonly environment: Environment; readonly realm: Realm; readonly scope: string | null};

/** How long a flight goes on when its last caller has left: React's StrictMode mounts twice. In milliseconds. */
const LINGER = 100;

/** Joins the flight of a named operation, or begins one: in the same tick, before any await. */
export function boardNamed(
	{environment, realm, scope}: Boarding,
	name: readonly string[],
): (passenger: Passenger) => void {
	const id = flightId(scope, name);
	return passenger => {
		const tell = () => {
			notify(realm, id);
		};
		join(realm.flights, id, passenger, landed =>
			takeOff(passenger, {
				environment,
				operation: name,
				linger: LINGER,
				async run(work) {
					const result = await runNamed(named(work, {environment, realm, scope}, name, id));
					sweepAtTimes(realm, environment);
					return result;
				},
				changed: tell,
				landed(last) {
					landed();
					if (last === undefined) tell();
					else showSnapshot(realm, id, last);
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
			async run(work) {
				work.key = key;
				return runUnnamed(work);
			},
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

function named(work: Work, {realm, scope}: Boarding, operation: readonly string[], flightId: string): NamedWork {
	const name = nameId(operation);
	const id = scopeId(scope);
	// The same object: the flight reads from it which key is in use.
	return Object.assign(work, {
		operation,
		realm,
		flightId,
		id: typeof id === 'string' ? {scope: id, name} : id.then(hash => ({scope: hash, name})),
		owner: nextOwner(realm),
	});
}
