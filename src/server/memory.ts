import {clock, type Clock} from '../clock.ts';
import type {Entry, EntryStore} from './entry.ts';
import {
	answerRule,
	beginRule,
	isAbsent,
	markRule,
	releaseRule,
	renewRule,
	resolveRule,
	takeRule,
	type Step,
} from './rules.ts';

/**
 * Keeps entries in this process: for tests, and for one process whose keys may be forgotten with it. Nothing within its
 * retention is dropped, so that it grows with the number of requests of a day.
 *
 * @example
 * const pay = idempotent(handler, {store: memoryEntries(), scope: null});
 */
export function memoryEntries(): EntryStore {
	return memoryEntriesIn(clock);
}

/** @internal */
export function memoryEntriesIn({now}: Pick<Clock, 'now'>, entries = new Map<string, Entry>()): EntryStore {
	/** Synchronous, hence atomic. */
	function step<R>(id: string, rule: (entry: Entry | undefined, at: number) => Step<R>): R {
		const {result, write} = rule(entries.get(id), now());
		if (write) entries.set(id, write);
		if (write === null) entries.delete(id);
		return result;
	}

	return {
		begin: (id, beginning) => step(id, (entry, at) => beginRule(entry, beginning, at)),
		mark: (id, hold) => step(id, (entry, at) => markRule(entry, hold, at)),
		renew: (id, hold) => step(id, (entry, at) => renewRule(entry, hold, at)),
		answer: (id, hold) => step(id, (entry, at) => answerRule(entry, hold, at)),
		release: (id, hold) => step(id, entry => releaseRule(entry, hold)),
		take: (id, taking) => step(id, (entry, at) => takeRule(entry, taking, at)),
		resolve: (id, found, seen) => step(id, (entry, at) => resolveRule(entry, found, at, seen)),
		unsettled(guard, limit) {
			const at = now();
			return [...entries.values()]
				.filter(entry => entry.subject.guard === guard && entry.expiresAt === undefined && !isAbsent(entry, at))
				.toSorted((one, other) => one.createdAt - other.createdAt)
				.slice(0, limit)
				.map(entry => ({entry, now: at}));
		},
		sweep() {
			let swept = 0;
			for (const [id, entry] of entries)
				if (isAbsent(entry, now())) {
					entries.delete(id);
					swept++;
				}

			return swept;
		},
	};
}
