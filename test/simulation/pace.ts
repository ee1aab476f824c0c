import type {Check} from './check.ts';
import type {Life} from './life.ts';
import type {World} from './world.ts';

/**
 * docs/how-it-works.md: retries wait at random from nothing on, and are counted; polls wait for at least 250 ms the
 * first time (half of 500 ms), and for 500 ms after that.
 */
const SHORTEST_POLL = 250;
const POLL = 500;
/** How long a flight goes on that everybody has left, in milliseconds. */
const LINGER = 100;

/** In milliseconds. A burst shows in the short ones, a storm that lasts in the long ones. */
const WINDOWS = [1_000, 10_000, 60_000] as const;

/** After which answers the same call tries again. */
const WAITED_FOR = [409, 429, 503];

export type Pressed = {readonly operation: string; readonly retries: number};

/**
 * How often one life may send one operation. In any window: for each call that is under way in it, its first attempt
 * and its retries, and one more for the shorter first wait of a poll; beyond that one poll in 500 ms.
 */
export function createPace(world: World, life: Life, check: Check, storeWorks: boolean) {
	const calls: Array<Pressed & {readonly from: number; until: number}> = [];
	const sent = new Map<string, number[]>();
	/** When the server wants to hear of it again. */
	const asked = new Map<string, {readonly from: number; readonly until: number}>();

	function callsSince(operation: string, from: number): typeof calls {
		return calls.filter(call => call.operation === operation && call.until >= from);
	}

	function most(operation: string, window: number): number {
		const tries = callsSince(operation, world.now() - window - LINGER).map(({retries}) => retries + 2);
		return tries.reduce((sum, count) => sum + count, Math.floor(window / POLL));
	}

	function holdAgainst(operation: string, times: readonly number[]): void {
		const now = world.now();
		for (const window of WINDOWS) {
			const count = times.filter(time => time > now - window).length;
			if (count > most(operation, window))
				check.violation(`${life.name} sent ${operation} ${count} times within ${window} ms`);
		}

		// Who asks for nothing more is sent for no more; a frozen life finds out when it thaws.
		const isWanted = callsSince(operation, 0).some(({until}) => now <= life.awake(life.awake(until) + LINGER));
		if (!isWanted) check.violation(`${life.name} sent ${operation}, for which nobody waits`);
		// Quick ones are retries, which are counted: a poll, or a wait that was asked for, takes its time.
		const quick = times.filter((time, i) => i > 0 && time - (times[i - 1] ?? 0) < SHORTEST_POLL).length;
		const counted = callsSince(operation, 0).reduce((sum, {retries}) => sum + retries + 1, 0);
		if (quick > counted) check.violation(`${life.name} sent ${operation} ${quick} times without waiting`);
		const wait = asked.get(operation);
		const isAnew = calls.some(call => call.operation === operation && wait && call.from >= wait.from);
		// Who loses a lease because its store fails may claim it again, and begin anew.
		if (wait && now < wait.until && !isAnew && storeWorks)
			check.violation(`${life.name} sent ${operation} ${wait.until - now} ms sooner than the server asked`);
	}

	return {
		begins({operation, retries}: Pressed): () => void {
			const call = {operation, retries, from: world.now(), until: Number.POSITIVE_INFINITY};
			calls.push(call);
			return () => {
				call.until = world.now();
			};
		},
		/** Another life was at it meanwhile, and was asked for other things. */
		elsewhere(operation: string): void {
			asked.delete(operation);
		},
		sends(operation: string): void {
			const times = [...(sent.get(operation) ?? []), world.now()];
			sent.set(operation, times);
			holdAgainst(operation, times);
			asked.delete(operation);
		},
		receives(operation: string, {headers, status}: Response): void {
			const after = headers.get('retry-after');
			const now = world.now();
			if (after !== null && WAITED_FOR.includes(status))
				asked.set(operation, {from: now, until: now + Number(after) * 1_000});
		},
	};
}
export type Pace = ReturnType<typeof createPace>;
