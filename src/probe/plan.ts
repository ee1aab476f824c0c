import type {Check} from './check.ts';
import type {Settings} from './settings.ts';

export type Plan = {
	readonly checks: readonly Check[];
	readonly leftOut: ReadonlyArray<{readonly check: Check; readonly because: string}>;
	/** At most, the first call among them. */
	readonly requests: number;
	readonly effects: number;
};

export function planOf(settings: Settings, all: readonly Check[]): Plan {
	const judged = all.map(check => ({check, because: check.leftOut?.(settings)}));
	const checks = judged.filter(({because}) => because === undefined).map(({check}) => check);
	const sum = (amounts: readonly number[]) => amounts.reduce((total, amount) => total + amount, 1);
	return {
		checks,
		leftOut: judged.flatMap(({check, because}) => (because === undefined ? [] : [{check, because}])),
		requests: sum(checks.map(({requests}) => requests)),
		effects: sum(checks.map(({effects}) => effects)),
	};
}

/** Only what is certain: literal addresses of this machine, and the names that mean it (RFC 6761 §6.3). */
export function isLoopback({hostname}: URL): boolean {
	return /^(?:127\.\d+\.\d+\.\d+|\[::1\]|localhost|.+\.localhost)$/.test(hostname);
}
