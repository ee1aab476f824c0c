import type {Clock} from '../clock.ts';
import type {GuardEvent} from './events.ts';

type Tell = (event: Omit<Extract<GuardEvent, {type: 'store-error'}>, 'subject'>) => void;

/** How long between two sweeps, in milliseconds. */
const SWEEPS = 600_000;

/** Sweeps now and then, when it is asked whether it is time. What it gives never rejects. */
export function sweepsOf(
	{monotonic}: Pick<Clock, 'monotonic'>,
	sweep: () => Promise<unknown>,
): (tell: Tell) => Promise<unknown> | undefined {
	let swept = monotonic();
	return tell => {
		if (monotonic() - swept < SWEEPS) return undefined;
		swept = monotonic();
		return sweep().catch((error: unknown) => tell({type: 'store-error', step: 'sweep', error}));
	};
}
