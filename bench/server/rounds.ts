import {fork, type ChildProcess} from 'node:child_process';
import {randomUUID} from 'node:crypto';
import {median} from '../median.ts';
import type {Engines} from './candidates.ts';
import {clientOf, type Client} from './client.ts';

/** A candidate in a process of its own, and who asks it. */
export type Running = {
	readonly name: string;
	readonly client: Client;
	/** What its process has used of the processor, in microseconds. */
	readonly used: () => Promise<number>;
	readonly close: () => void;
};

export type RoundsPlan = {
	readonly rounds: number;
	readonly requests: number;
	/** Requests before the first round: until the code of a candidate has been compiled for good. */
	readonly warmUp: number;
	/** The client never sleeps. Where an engine needs the processor, too, it had better. */
	readonly awake: boolean;
};

/** Of one candidate. All are medians over the rounds. */
export type Cost = {
	readonly name: string;
	/** Of the time, and of the processor's: the base's to its own in the same round. 1 is as fast, 0.5 takes twice as long. */
	readonly speed: number;
	readonly thrift: number;
	readonly perSecond: number;
	/** Of the server's processor, for one request. */
	readonly micros: number;
};

export type Kind = 'first' | 'replay';

const MOST = 32;

export async function start(group: string, name: string, engines: Engines): Promise<Running> {
	const child = fork(new URL('serve.ts', import.meta.url), [group, name, JSON.stringify(engines)]);
	const port = await told(child);
	return {
		name,
		client: await clientOf(port, MOST),
		async used() {
			const answer = told(child);
			child.send('usage');
			return answer;
		},
		close() {
			child.disconnect();
		},
	};
}

async function told(child: ChildProcess): Promise<number> {
	return new Promise((resolve, reject) => {
		const ended = (code: unknown) => {
			reject(new Error(`A server ended with ${String(code)}`));
		};
		child.once('exit', ended);
		child.once('message', value => {
			child.off('exit', ended);
			resolve(Number(value));
		});
	});
}

/** All candidates in every round, so that what disturbs a round disturbs them all; the first of them is the base. */
export async function costsOf(
	candidates: readonly Running[],
	inFlight: number,
	{rounds, requests, warmUp, awake}: RoundsPlan,
): Promise<Record<Kind, Cost[]>> {
	const taken = {first: candidates.map((): Taken[] => []), replay: candidates.map((): Taken[] => [])};
	// Two turns: the first call of a key, and its replay. Many in flight, which takes less time.
	for (const candidate of candidates) {
		const keys = keysOf(warmUp);
		for (let turn = 0; turn < 2; turn++) await candidate.client.send(keys, MOST, awake);
	}

	for (let round = 0; round < rounds; round++)
		for (const [i, candidate] of candidates.entries()) {
			const keys = keysOf(requests);
			for (const kind of ['first', 'replay'] as const)
				taken[kind][i]?.push(await takenBy(candidate, keys, inFlight, awake));
		}

	return {first: compared(candidates, taken.first), replay: compared(candidates, taken.replay)};
}

const keysOf = (count: number): string[] => Array.from({length: count}, () => randomUUID());

type Taken = {readonly perSecond: number; readonly micros: number};

async function takenBy(
	{client, used}: Running,
	keys: readonly string[],
	inFlight: number,
	awake: boolean,
): Promise<Taken> {
	const before = await used();
	const began = performance.now();
	await client.send(keys, inFlight, awake);
	const seconds = (performance.now() - began) / 1_000;
	return {perSecond: keys.length / seconds, micros: ((await used()) - before) / keys.length};
}

function compared(candidates: readonly Running[], taken: ReadonlyArray<readonly Taken[]>): Cost[] {
	const [base = []] = taken;
	return candidates.map(({name}, i) => {
		const own = taken[i] ?? [];
		const ratio = (of: (own: Taken, other: Taken) => number) =>
			median(own.flatMap((one, round) => (base[round] ? [of(one, base[round])] : [])));
		return {
			name,
			speed: ratio((one, other) => one.perSecond / other.perSecond),
			thrift: ratio((one, other) => other.micros / one.micros),
			perSecond: median(own.map(({perSecond}) => perSecond)),
			micros: median(own.map(({micros}) => micros)),
		};
	});
}
