import type {FlightRun} from './flight.ts';
import type {Operation} from './operations.ts';

/** What the run of a flight works with, for a named operation. */
export type Run = FlightRun & {
	readonly operation: Operation;
	/** Who this flight is to the store. */
	owner: string;
	/** Why the store did not take what was sent without it: until it does, it is not asked for a claim. */
	withheld?: unknown;
};
