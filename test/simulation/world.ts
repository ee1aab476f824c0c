/** Virtual time, and what everybody in it shares. Nothing here reads a real clock. */
export type World = {
	/** True time, in milliseconds since the world began. Servers live by it. */
	now(): number;
	/** What the wall clock of the clients' machine shows. */
	wall(): number;
	/** What a clock shows that nobody sets. */
	clock(): number;
	/** How long that machine has slept: its monotonic clock stood still. */
	readonly slept: number;
	/** How far its wall clock has been set back, all in all. */
	readonly setBack: number;
	/** Runs once, `ms` milliseconds from now; returns the way to call it off. */
	at(ms: number, run: () => void): () => void;
	wait(ms: number): Promise<void>;
	setClock(by: number): void;
	/** The machine sleeps, which its lives must be told by `freeze`. */
	sleep(ms: number): void;
	/** Kept as it is and only written out for a failure. */
	note(who: string, text: string, detail?: unknown): void;
	trace(): string[];
	count(what: string): void;
	/** How often what happened. */
	readonly counts: ReadonlyMap<string, number>;
	/** Until nothing is left to happen. Throws when it never comes to rest. */
	run(): Promise<void>;
};

const START = 1_800_000_000_000;
/** Far more than the longest of plans needs. */
const MOST_EVENTS = 50_000;

export function createWorld(): World {
	const queue: Array<{readonly time: number; readonly run: () => void}> = [];
	const notes: Array<{readonly time: number; readonly who: string; readonly text: string; readonly detail: unknown}> =
		[];
	const counts = new Map<string, number>();
	let now = 0;
	let shift = 0;
	let slept = 0;
	let setBack = 0;

	function at(ms: number, run: () => void): () => void {
		const event = {time: now + Math.max(0, ms), run};
		const later = queue.findLastIndex(({time}) => time <= event.time);
		queue.splice(later + 1, 0, event);
		return () => {
			const index = queue.indexOf(event);
			if (index !== -1) queue.splice(index, 1);
		};
	}

	return {
		now: () => now,
		wall: () => START + now + shift,
		clock: () => START + now,
		get slept() {
			return slept;
		},
		get setBack() {
			return setBack;
		},
		at,
		wait: ms => new Promise(resolve => at(ms, resolve)),
		setClock(by) {
			shift += by;
			setBack += Math.max(0, -by);
		},
		sleep(ms) {
			at(ms, () => {
				slept += ms;
			});
		},
		note(who, text, detail) {
			notes.push({time: now, who, text, detail});
		},
		trace: () =>
			notes.map(({time, who, text, detail}) => {
				const more = detail === undefined ? '' : `: ${JSON.stringify(detail, brief)}`;
				return `${(time / 1000).toFixed(3).padStart(12)} s  ${who.padEnd(10)}${text}${more}`;
			}),
		count(what) {
			counts.set(what, (counts.get(what) ?? 0) + 1);
		},
		counts,
		async run() {
			for (let events = 0; events < MOST_EVENTS; events++) {
				await microtasks();
				const next = queue.shift();
				if (next === undefined) return;
				now = Math.max(now, next.time);
				next.run();
			}

			throw new Error('the world never comes to rest');
		},
	};
}

/** Of a record, what tells it from others. */
const omitted = new Set(['version', 'scope', 'name', 'fingerprint', 'answer', 'answerUntil', 'createdAt', 'updatedAt']);

function brief(name: string, value: unknown): unknown {
	return omitted.has(name) ? undefined : value;
}

/** Everything that is due at this moment of virtual time has happened. */
async function microtasks(): Promise<void> {
	await new Promise(resolve => {
		setImmediate(resolve);
	});
}
