import {v4} from 'uuid';
import {clock, type Clock} from './clock.ts';
import {ifReadable} from './utils.ts';

export {clock};

/** Everything ambient that the core needs. Tests and the simulation hand in another one. */
export type Environment = Clock & {
	/** A lower-case UUIDv4 from a cryptographically secure source. */
	uuid(): string;
	/** False only when the runtime knows that there is no network. */
	online(): boolean;
	/** Calls back when the network returns; returns the way to call it off. */
	onOnline(callback: () => void): () => void;
	/** Calls back when a page comes back from the back/forward cache as it was left; returns the way to call it off. */
	onRestore(callback: () => void): () => void;
	/** True where one process serves many users, so that a named call must say whose it is. */
	readonly shared: boolean;
	/** What a relative URL is resolved against, if anything. */
	baseUrl(): string | undefined;
	/**
	 * There only where each request that is served has a context of its own, as in Cloudflare's workerd: its timers,
	 * exchanges, bodies and signals are of no use to others, and end with it. Makes a function that calls this one back
	 * in the context that it was made in: a moment later, and never once that has ended.
	 *
	 * @see https://developers.cloudflare.com/workers/runtime-apis/context/
	 */
	readonly bind?: Bind | undefined;
};

type Bind = <T>(callback: (value: T) => void) => (value: T) => void;

const runtime = globalThis as {document?: {baseURI: string}; WorkerGlobalScope?: unknown; indexedDB?: unknown};

// Not spread, so that whoever needs it not can leave it out.
export const environment: Environment = /* @__PURE__ */ Object.assign(
	{
		uuid: () => v4(),
		online: () => ifReadable(() => globalThis.navigator?.onLine) !== false,
		onOnline: (callback: () => void) => listen('online', callback),
		onRestore: (callback: () => void) =>
			listen('pageshow', event => {
				if ((event as {persisted?: boolean}).persisted) callback();
			}),
		// Edge runtimes call themselves workers too, but have no database of a user's own.
		get shared() {
			const isPage = ifReadable(() => runtime.document);
			// A frame that may not even read it is of a browser all the same.
			const hasDatabase = () => (ifReadable(() => [runtime.indexedDB]) ?? [true])[0];
			return !(isPage || (ifReadable(() => runtime.WorkerGlobalScope) && hasDatabase()));
		},
		baseUrl: () => ifReadable(() => runtime.document?.baseURI) ?? ifReadable(() => globalThis.location?.href),
		get bind() {
			return ifReadable(() => globalThis.navigator?.userAgent) === 'Cloudflare-Workers' ? bindByPromise : undefined;
		},
	},
	clock,
);

function listen(type: string, listener: (event: object) => void): () => void {
	ifReadable(() => globalThis.addEventListener?.(type, listener));
	return () => ifReadable(() => globalThis.removeEventListener?.(type, listener));
}

/** What waits for a promise runs in the context that made it, whoever resolves it (compatibility date 2024-10-14). */
function bindByPromise<T>(callback: (value: T) => void): (value: T) => void {
	const values: T[] = [];
	let wake: () => void;
	const listen = async () => {
		for (;;) {
			const woken = new Promise<void>(resolve => {
				wake = resolve;
			});
			for (const value of values.splice(0)) callback(value);
			await woken;
		}
	};
	void listen();
	return value => {
		values.push(value);
		wake();
	};
}

/** The longer of the two clocks' times since now: one may stand still in sleep, the other may be set back. */
export function stopwatch(environment: Environment): () => number {
	const wall = environment.now();
	const monotonic = environment.monotonic();
	return () => Math.max(environment.now() - wall, environment.monotonic() - monotonic);
}
