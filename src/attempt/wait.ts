import type {Environment} from '../environment.ts';
import type {EventDetail} from '../events.ts';
import type {Cancellation} from './cancellation.ts';

/** Resolves after `ms` milliseconds, when `listen` calls back, or as soon as nobody waits any more. */
export async function wait(
	environment: Environment,
	ms: number,
	cancellation: Cancellation,
	listen?: (wake: () => void) => () => void,
): Promise<void> {
	let ends: Array<(() => void) | undefined> = [];
	await new Promise<void>(resolve => {
		const wake = () => {
			resolve();
		};
		ends = [environment.timer(wake, ms), cancellation.onCancel(wake), listen?.(wake)];
	});
	for (const end of ends) end?.();
}

/** How long to believe a runtime that says it is offline, in milliseconds: such reports can be wrong. */
const OFFLINE_PATIENCE = 10_000;

/** Waits briefly for the network, where the runtime says that there is none. */
export async function waitForNetwork(job: {
	readonly environment: Environment;
	readonly cancellation: Cancellation;
	readonly remaining: () => number;
	readonly report: (event: EventDetail) => void;
}): Promise<void> {
	const {environment, cancellation, remaining, report} = job;
	if (environment.online()) return;
	const ms = Math.max(0, Math.min(OFFLINE_PATIENCE, remaining()));
	report({type: 'wait', ms, why: 'offline'});
	await wait(environment, ms, cancellation, environment.onOnline);
}
