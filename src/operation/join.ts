import type {Environment} from '../environment.ts';
import type {Caller} from './caller.ts';
import {startFlight, type Flight} from './flight.ts';
import {nextOwner, notify, showSnapshot, type Operation} from './operations.ts';
import {runNamed, runUnnamed} from './run.ts';
import {sweepAtTimes} from './sweep.ts';
import {dropAbandoned, lookAfter, takeOver, type Slot} from './take-over.ts';

/** How long a flight goes on when its last caller has left: React's StrictMode mounts twice. In milliseconds. */
const LINGER = 100;

/** Joins the flight of a named operation, or begins one: in the same tick, before any await. */
export function joinNamed(environment: Environment, operation: Operation): (caller: Caller) => void {
	const {operations, name} = operation;
	const changed = () => {
		notify(operation);
	};
	const begin: Begin = (caller, ended, dead) =>
		startFlight(caller, {
			environment,
			name,
			linger: LINGER,
			before: dead?.progress,
			run(flight) {
				// The same object: the flight reads from it which key is in use.
				const run = Object.assign(flight, {operation, owner: nextOwner(operations)});
				return dead ? takeOver(run, dead).then(runNamed) : runNamed(run);
			},
			changed,
			ended(last) {
				ended();
				sweepAtTimes(operations, environment);
				// Who has joined may go on with it at once.
				if (last === undefined) queueMicrotask(changed);
				else showSnapshot(operation, last);
			},
		});
	return caller => {
		join(environment, operation, operations.all.values(), caller, begin);
		changed();
	};
}

/** Calls under one own key are one flight while it lasts, where they are `shared`; all others are of themselves alone. */
export function joinUnnamed(
	environment: Environment,
	flights: Map<string, Slot>,
	key: string | undefined,
	shared: string | undefined,
): (caller: Caller) => void {
	const begin: Begin = (caller, ended, dead) =>
		startFlight(caller, {
			environment,
			name: undefined,
			linger: shared === undefined ? 0 : LINGER,
			before: dead?.progress,
			run: run => runUnnamed(run, key),
			changed: nothing,
			ended,
		});
	return caller => {
		if (shared === undefined) {
			caller.joined = begin(caller, nothing, undefined);
			return;
		}

		const slot = flights.get(shared) ?? {};
		flights.set(shared, slot);
		const dropping: Begin = (first, ended, dead) =>
			begin(
				first,
				() => {
					ended();
					if (slot.flight === undefined) flights.delete(shared);
				},
				dead,
			);
		join(environment, slot, flights.values(), caller, dropping);
	};
}

function nothing(): void {}

/** `dead`: the flight that this one takes over from. */
type Begin = (first: Caller, ended: () => void, dead: Flight | undefined) => Flight;

function join(
	environment: Environment,
	slot: Slot,
	slots: Iterable<Slot>,
	caller: Caller,
	begin: Begin,
	dead?: Flight,
): void {
	caller.stopLooking?.();
	const {flight} = slot;
	if (flight === undefined) {
		if (environment.bind) dropAbandoned(slots, environment);
		const ended = () => {
			if (slot.flight === begun) slot.flight = undefined;
		};
		const begun = begin(caller, ended, dead);
		caller.joined = begun;
		slot.flight = begun;
		return;
	}

	caller.joined = flight;
	// Of one that is winding down the outcome is waited for, then taken as it stands.
	if (flight.joinable()) flight.join(caller);
	else flight.follow(caller);

	if (environment.bind === undefined) return;
	let looking = true;
	caller.stopLooking = () => {
		looking = false;
	};
	const goOn = () => {
		flight.leave(caller);
		if (slot.flight === flight) slot.flight = undefined;
		join(environment, slot, slots, caller, begin, flight);
	};
	lookAfter(environment, flight, () => looking, goOn);
}
