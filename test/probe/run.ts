import {systemClock, type Clock} from '../../src/probe/clock.ts';
import {command} from '../../src/probe/command.ts';

export type Report = {
	readonly sent: number;
	readonly plan: {readonly requests: number; readonly effects: number};
	readonly checks: ReadonlyArray<{
		readonly check: string;
		readonly found: string;
		readonly says: string;
		readonly effects: number | null;
		readonly exchanges: ReadonlyArray<{readonly status: number | null; readonly failure: string | null}>;
	}>;
	readonly dialect: {readonly name: string} | null;
	readonly draft: ReadonlyArray<{readonly rule: string; readonly holds: boolean | null}>;
	readonly traps: ReadonlyArray<{readonly trap: string}>;
	readonly verdict: {
		readonly safe: string;
		readonly sentence: string;
		readonly exceptions: readonly string[];
		readonly by: string;
	};
	readonly required: ReadonlyArray<{readonly name: string; readonly met: boolean}>;
};

/** Pauses are a tenth as long; the server needs no more. */
const clock: Clock = {...systemClock, pause: async milliseconds => systemClock.pause(milliseconds / 10)};

/** Calls `latchkey` in this process. */
export async function latchkey(...args: readonly string[]) {
	let out = '';
	let err = '';
	const terminal = {
		out: (text: string) => {
			out += text;
		},
		err: (text: string) => {
			err += text;
		},
	};
	const status = await command(args, terminal, clock);
	return {status, out, err};
}

export const body = '{"amount":4200,"cart":"a"}';

/** Everything that the probe can be asked for, about an order. */
export const everything = [
	['--body', body],
	['--header', 'Authorization: Bearer first-caller'],
	['--headers-b', 'Authorization: Bearer second-caller'],
	['--error-header', 'x-fail: 1'],
].flat();

export async function reportOn(url: string, ...args: readonly string[]): Promise<Report> {
	const {out, err, status} = await latchkey('probe', url, '--json', ...args);
	if (out === '') throw new Error(`no report, status ${status}: ${err}`);
	return JSON.parse(out) as Report;
}

/** `{replay: 'replayed', …}` */
export function findings({checks}: Report): Record<string, string> {
	return Object.fromEntries(checks.map(({check, found}) => [check, found]));
}

export function traps(report: Report): string[] {
	return report.traps.map(({trap}) => trap);
}
