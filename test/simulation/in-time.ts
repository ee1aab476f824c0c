import type {Outcome} from '../../src/errors.ts';
import type {Check} from './check.ts';
import type {Life} from './life.ts';
import type {Plan} from './plan.ts';
import type {World} from './world.ts';

/** One call under way. */
export type Waiting = {readonly operation: string; readonly body: string};

/** An answer as latchkey got it. */
export type Received = Waiting & {readonly key: string; readonly response: Response};

/**
 * Who was waiting when a verdict came is told that verdict, whatever the store does afterwards, and however little of his
 * time was left. Which answers are verdicts is judged here by what truly happened.
 */
export function createInTime(
	world: World,
	life: Life,
	check: Check,
	plan: Plan,
	isVerdict: (response: Response) => boolean,
) {
	const waiting = new Map<Waiting, {readonly outcome: Outcome; readonly key: string} | undefined>();
	const sends = new Map<string, number>();
	/** Keys that another life may have sent, for all that this one knows. */
	const doubted = new Set<string>();
	// What the application may say instead, or be asked in vain.
	const unclear = plan.callbacks.some(name => name === 'judge' || name === 'fingerprint');
	// A refusal holds while the lease does: time, and others, may end that.
	const leased = plan.lease === undefined && plan.keys === 'random' && plan.actions.every(isHarmless);

	function verdictOf({operation, key, response}: Received): Outcome | undefined {
		if (unclear || response.redirected || !isVerdict(response)) return undefined;
		// What is pending may be settled by the time that its caller is told.
		if (response.status === 202) return undefined;
		if (response.ok) return 'succeeded';
		const {sentBy, apartIn, duplicated, misled, freed} = check.of(operation, key);
		const isFirst = sends.get(key) === 1 && sentBy.size === 1 && !duplicated && !misled;
		const isSure = isFirst && leased && !doubted.has(key) && apartIn.size === 0 && freed === undefined;
		return isSure && (response.status === 402 || response.status === 404) ? 'refused' : undefined;
	}

	return {
		begins(call: Waiting): void {
			waiting.set(call, undefined);
		},
		doubts(key: string): void {
			doubted.add(key);
		},
		sends(key: string): void {
			sends.set(key, (sends.get(key) ?? 0) + 1);
		},
		receives(received: Received): void {
			const {operation, body, key} = received;
			const outcome = verdictOf(received);
			if (outcome === undefined) return;
			for (const call of waiting.keys())
				if (call.operation === operation && call.body === body) {
					world.count(`${outcome} received`);
					waiting.set(call, {outcome, key});
				}
		},
		/** `excused`: he did not want to know, or asked under another key. */
		ends(call: Waiting, outcome: Outcome, excused: boolean): void {
			const due = waiting.get(call);
			waiting.delete(call);
			if (due === undefined || !life.alive() || excused || outcome === due.outcome) return;
			check.violation(
				`${life.name} was told ${outcome} of ${due.key}, when an answer had settled it as ${due.outcome}`,
			);
		},
	};
}

function isHarmless(action: Plan['actions'][number]): boolean {
	return !['freeze', 'sleep', 'set clock', 'force'].includes(action.do);
}
export type InTime = ReturnType<typeof createInTime>;
