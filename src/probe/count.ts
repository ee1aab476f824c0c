import {exec} from 'node:child_process';
import {promisify} from 'node:util';
import type {Clock} from './clock.ts';
import {exchange} from './exchange.ts';
import {jsonOf} from './json.ts';
import type {Settings} from './settings.ts';
import {Misuse, NotProbed} from './stops.ts';

export type Counter = {
	/**
	 * Effects since the last time that it was asked; `undefined` where nobody counts. `awaited`: there must be one, and how
	 * long it takes to show is how long others are waited for.
	 */
	readonly counted: (awaited?: boolean) => Promise<number | undefined>;
};

/** In milliseconds. Handlers go on after their client has gone, and effects may show late. */
const times = {calm: 50, step: 50, longest: 3000};

/**
 * Reads the count before anything is sent.
 *
 * @throws {Misuse} where what is given to `--count` says no number.
 */
export async function startCounter(settings: Settings, clock: Clock): Promise<Counter> {
	const {count} = settings;
	if (count === undefined) return {counted: async () => undefined};
	const first = await read(count);
	if (typeof first === 'string') throw new Misuse(first);
	let last = first;
	let {calm} = times;

	/** The number, or what went wrong. */
	async function read(source: string): Promise<number | string> {
		const text = /^https?:\/\//i.test(source) ? await get(source) : await run(source);
		if (typeof text !== 'string') return text.problem;
		return numberIn(text) ?? '--count said no number, JSON list, or JSON object with a count';
	}

	async function get(address: string): Promise<string | {problem: string}> {
		if (!URL.canParse(address)) return {problem: 'the URL of --count cannot be read'};
		const url = new URL(address);
		// Credentials go to nobody else.
		const headers = url.origin === settings.url.origin ? settings.headers : [];
		const seen = await exchange({url, method: 'GET', headers, body: undefined}, {clock, timeout: settings.timeout});
		if (seen.kind === 'failure') return {problem: `--count got no answer: ${seen.reason}`};
		return seen.status === 200 ? seen.body : {problem: `--count was answered with ${seen.status}`};
	}

	async function run(command: string): Promise<string | {problem: string}> {
		try {
			return (await promisify(exec)(command, {timeout: settings.timeout})).stdout;
		} catch {
			return {problem: 'the command of --count failed'};
		}
	}

	async function now(): Promise<number> {
		const number = await read(count ?? '');
		if (typeof number === 'string') throw new NotProbed(`${number}, after requests were sent`);
		return number;
	}

	async function whenRisen(): Promise<void> {
		let waited = 0;
		while (waited < times.longest && (await now()) <= last) {
			await clock.pause(times.step);
			waited += times.step;
		}

		if (waited < times.longest) calm = Math.max(times.calm, 2 * waited);
	}

	/** Until it stays the same. */
	async function settled(): Promise<number> {
		let number = await now();
		for (let waited = 0; waited < times.longest; waited += calm) {
			await clock.pause(calm);
			const again = await now();
			if (again === number) break;
			number = again;
		}

		return number;
	}

	return {
		async counted(awaited = false) {
			if (awaited) await whenRisen();
			const number = await settled();
			const since = number - last;
			last = number;
			return since;
		},
	};
}

/** A number, a JSON list (its length), or a JSON object (`count`, `total`, or its only number). */
export function numberIn(text: string): number | undefined {
	const value = jsonOf(text.trim());
	if (typeof value === 'number') return Number.isSafeInteger(value) ? value : undefined;
	if (Array.isArray(value)) return value.length;
	if (typeof value !== 'object' || value === null) return undefined;
	const {count, total, ...rest} = value as Record<string, unknown>;
	const numbers = [count, total, ...Object.values(rest)].filter(it => typeof it === 'number');
	const named = typeof count === 'number' || typeof total === 'number';
	return named || numbers.length === 1 ? numbers[0] : undefined;
}
