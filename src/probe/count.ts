import {exec} from 'node:child_process';
import {promisify} from 'node:util';
import {jsonOf} from './answers.ts';
import type {Clock} from './clock.ts';
import {exchange} from './exchange.ts';
import {Misuse, type Settings} from './settings.ts';

export type Counter = {
	/** Effects since the last time that it was asked; `undefined` where nobody counts. */
	readonly counted: () => Promise<number | undefined>;
};

/** A handler may go on after its client has gone: the count is read until it stays the same. */
const settling = {times: 20, pause: 50};

/**
 * Reads the count before anything is sent.
 *
 * @throws {Misuse} where what is given to `--count` says no number.
 */
export async function startCounter(settings: Settings, clock: Clock): Promise<Counter> {
	const {count} = settings;
	if (count === undefined) return {counted: async () => undefined};
	let last = await read();

	async function read(): Promise<number> {
		const text = isUrl(count ?? '') ? await get(new URL(count ?? '')) : await run(count ?? '');
		const number = numberIn(text);
		if (number === undefined) throw new Misuse('--count said no number, JSON list, or JSON object with a count');
		return number;
	}

	async function get(url: URL): Promise<string> {
		// Credentials go to nobody else.
		const headers = url.origin === settings.url.origin ? settings.headers : [];
		const seen = await exchange({url, method: 'GET', headers, body: undefined}, {clock, timeout: settings.timeout});
		if (seen.kind === 'failure') throw new Misuse(`--count got no answer: ${seen.reason}`);
		if (seen.status !== 200) throw new Misuse(`--count was answered with ${seen.status}`);
		return seen.body;
	}

	async function run(command: string): Promise<string> {
		try {
			return (await promisify(exec)(command, {timeout: settings.timeout})).stdout;
		} catch {
			throw new Misuse('the command of --count failed');
		}
	}

	async function settled(): Promise<number> {
		let number = await read();
		for (let times = 0; times < settling.times; times++) {
			await clock.pause(settling.pause);
			const again = await read();
			if (again === number) return number;
			number = again;
		}

		return number;
	}

	return {
		async counted() {
			const number = await settled();
			const since = number - last;
			last = number;
			return since;
		},
	};
}

export function isUrl(text: string): boolean {
	return /^https?:\/\//i.test(text);
}

/** A number, a JSON list (its length), or a JSON object (`count`, `total`, or its only number). */
export function numberIn(text: string): number | undefined {
	const value = jsonOf(text.trim());
	if (typeof value === 'number') return Number.isSafeInteger(value) ? value : undefined;
	if (Array.isArray(value)) return value.length;
	if (typeof value !== 'object' || value === null) return undefined;
	const {count, total, ...rest} = value as Record<string, unknown>;
	const numbers = [count, total, ...Object.values(rest)].filter(it => typeof it === 'number');
	return count === undefined && total === undefined && numbers.length !== 1 ? undefined : numbers[0];
}
