import type {Environment} from '../../src/environment.ts';
import {randomFrom} from './random-from.ts';

/** An `Environment` whose time passes only when it is told to. One for each realm whose time may stand still. */
export type VirtualEnvironment = Environment & {
	shared: boolean;
	/** What `baseUrl()` answers. */
	base: string | undefined;
	/** Lets `ms` milliseconds pass on both clocks, timer by timer. */
	advance(ms: number): Promise<void>;
	/** Moves the wall clock alone: the machine has slept, or somebody has set its clock. */
	jump(ms: number): void;
	/** Lets everything happen that waits for no timer. */
	settle(): Promise<void>;
	/** Lets time pass until the promise settles. */
	finish<T>(promise: Promise<T>): Promise<T>;
	setOnline(online: boolean): void;
	/** The page comes back from the back/forward cache. */
	restore(): void;
	/** How many wait for that. */
	restorers(): number;
	/** How many timers wait. */
	timers(): number;
};

/** This many turns in which nobody looks at the clock: then everybody waits for a timer. */
const QUIET = 8;

export const START = 1_800_000_000_000;

export function virtualEnvironment(seed = 1): VirtualEnvironment {
	type Timer = {readonly at: number; readonly callback: () => void};
	const timers = new Set<Timer>();
	const onlineListeners = new Set<() => void>();
	const restoreListeners = new Set<() => void>();
	const random = randomFrom(seed);
	let wall = START;
	let monotonic = 0;
	let online = true;
	let looks = 0;

	async function settle(): Promise<void> {
		for (let quiet = 0; quiet < QUIET; quiet++) {
			const before = looks;
			await turn();
			if (looks !== before) quiet = 0;
		}
	}

	function move(ms: number): void {
		wall += ms;
		monotonic += ms;
	}

	/** Fires the timer that is due first, if that is by `end`. */
	async function fireNext(end: number): Promise<boolean> {
		let next: Timer | undefined;
		for (const timer of timers) if (timer.at <= end && (next === undefined || timer.at < next.at)) next = timer;
		if (next === undefined) return false;
		timers.delete(next);
		move(Math.max(0, next.at - monotonic));
		next.callback();
		await settle();
		return true;
	}

	const environment: VirtualEnvironment = {
		shared: false,
		base: 'https://shop.test/',
		now() {
			looks++;
			return wall;
		},
		monotonic() {
			looks++;
			return monotonic;
		},
		random,
		uuid: () => 'xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx'.replaceAll('x', () => Math.floor(random() * 16).toString(16)),
		timer(callback, ms) {
			if (ms === Number.POSITIVE_INFINITY) return () => undefined;
			const timer = {at: monotonic + Math.max(0, Math.trunc(ms)), callback};
			timers.add(timer);
			return () => {
				timers.delete(timer);
			};
		},
		online: () => online,
		onOnline(callback) {
			onlineListeners.add(callback);
			return () => {
				onlineListeners.delete(callback);
			};
		},
		onRestore(callback) {
			restoreListeners.add(callback);
			return () => {
				restoreListeners.delete(callback);
			};
		},
		baseUrl: () => environment.base,
		async advance(ms) {
			await settle();
			const end = monotonic + ms;
			while (await fireNext(end));
			move(end - monotonic);
		},
		jump(ms) {
			wall += ms;
		},
		settle,
		async finish(promise) {
			const state = {settled: false};
			void promise
				.catch(() => undefined)
				.then(() => {
					state.settled = true;
				});
			await settle();
			while (!state.settled) {
				const fired = await fireNext(Number.POSITIVE_INFINITY);
				if (!fired && !state.settled) throw new Error('Nothing is left that could settle it');
			}

			return promise;
		},
		setOnline(now) {
			online = now;
			if (online) for (const listener of onlineListeners) listener();
		},
		restore() {
			for (const listener of restoreListeners) listener();
		},
		restorers: () => restoreListeners.size,
		timers: () => timers.size,
	};
	return environment;
}

/** A turn of the event loop. Browsers hash and read bodies elsewhere, in order: what was begun before these ends before them. */
async function turn(): Promise<void> {
	await new Promise<void>(resolve => {
		const {port1, port2} = new MessageChannel();
		port1.addEventListener('message', () => {
			port1.close();
			resolve();
		});
		port1.start();
		port2.postMessage(undefined);
	});
	await crypto.subtle.digest('SHA-256', new Uint8Array(1));
	await new Response('turn').clone().arrayBuffer();
}
