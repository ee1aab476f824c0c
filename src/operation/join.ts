import type {Caller} from './caller.ts';
import {startFlight, type Flight, type FlightPlan, type Slot} from './flight.ts';
import {nextOwner, notify, showSnapshot, type Operation} from './operations.ts';
import {runNamed, runUnnamed} from './run.ts';
import {sweepAtTimes} from './sweep.ts';
import {dropAbandoned, lookAfter, takeOver} from './take-over.ts';

/** How long a flight goes on when its last caller has left: React's StrictMode mounts twice. In milliseconds. */
const LINGER = 100;

/** Joins the flight of a named operation, or begins one: in the same tick, before any await. */
export function joinNamed(operation: Operation): (caller: Caller) => void {
	const {operations, name} = operation;
	const changed = () => {
		notify(operation);
	};
	return caller => {
		const plan: FlightPlan = {
			slot: operation,
			slots: operations.all,
			name,
			linger: LINGER,
			run(flight, dead) {
				// The same object: who shows the flight reads from it which key is in use.
				const run = Object.assign(flight, {operation, owner: nextOwner(operations), losses: 0});
				return dead ? takeOver(run, dead).then(runNamed) : runNamed(run);
			},
			changed,
			ended(last) {
				sweepAtTimes(operations, caller.environment);
				// Who has joined may go on with it at once.
				if (last === undefined) queueMicrotask(changed);
				else showSnapshot(operation, last);
				if (operation.snapshot?.status === 'pending') operation.lookAgain?.();
			},
		};
		join(plan, caller);
		changed();
	};
}

/** Calls under one own key are one flight while it lasts, where they are `shared`; all others are of themselves alone. */
export function joinUnnamed(
	flights: Map<string | undefined, Slot>,
	key: string | undefined,
	shared: string | undefined,
): (caller: Caller) => void {
	return caller => {
		const slot = flights.get(shared) ?? {};
		if (shared !== undefined) flights.set(shared, slot);
		const plan: FlightPlan = {
			slot,
			slots: flights,
			name: undefined,
			linger: shared === undefined ? 0 : LINGER,
			run: flight => runUnnamed(flight, key),
			changed() {},
			ended() {
				if (slot.flight === undefined) flights.delete(shared);
			},
		};
		join(plan, caller);
	};
}

/** `dead`: the flight to take over from. */
function join(plan: FlightPlan, caller: Caller, dead?: Flight): void {
	const {slot, slots} = plan;
	const {environment, apart} = caller;
	caller.stopLooking?.();
	const {flight} = slot;
	if (flight === undefined) {
		if (apart) dropAbandoned(slots.values(), environment);
		slot.flight = startFlight(caller, plan, dead);
		caller.joined = slot.flight;
		return;
	}

	caller.joined = flight;
	flight.join(caller);

	if (!apart) return;
	let looking = true;
	caller.stopLooking = () => {
		looking = false;
	};
	const goOn = () => {
		flight.leave(caller);
		if (slot.flight === flight) slot.flight = undefined;
		join(plan, caller, flight);
	};
	lookAfter(environment, flight, () => looking, goOn);
}
