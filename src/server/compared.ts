import {stepOn, type Cell, type Found} from '../stores/compare-and-set.ts';
import type {Entry, EntryStore} from './entry.ts';
import {answerRule, beginRule, markRule, releaseRule, renewRule, resolveRule, takeRule, type Step} from './rules.ts';

/** An entry of an engine that is written by compare-and-set; `null`: it is to go. */
export type EntryCell = Cell<Entry | null>;
export type FoundEntry = Found<Entry | null>;

type Steps = Required<Omit<EntryStore, 'unsettled' | 'sweep' | 'close'>>;

/** The steps of a store by the rules, on an engine that runs each of them alone. */
export function stepsBy(run: <R>(id: string, rule: (entry: Entry | undefined, now: number) => Step<R>) => Promise<R>): {
	readonly [S in keyof Steps]: (...given: Parameters<Steps[S]>) => Promise<Awaited<ReturnType<Steps[S]>>>;
} {
	return {
		begin: async (id, beginning) => run(id, (entry, now) => beginRule(entry, beginning, now)),
		mark: async (id, hold) => run(id, (entry, now) => markRule(entry, hold, now)),
		renew: async (id, hold) => run(id, (entry, now) => renewRule(entry, hold, now)),
		answer: async (id, hold) => run(id, (entry, now) => answerRule(entry, hold, now)),
		release: async (id, hold) => run(id, entry => releaseRule(entry, hold)),
		take: async (id, taking) => run(id, (entry, now) => takeRule(entry, taking, now)),
		resolve: async (id, found, seen) => run(id, (entry, now) => resolveRule(entry, found, now, seen)),
	};
}

/** The same, by compare-and-set. */
export async function stepOnEntry<R>(
	cell: EntryCell,
	rule: (entry: Entry | undefined, now: number) => Step<R>,
	seen?: FoundEntry,
): Promise<R> {
	return stepOn(cell, (entry, now) => rule(entry ?? undefined, now), seen);
}
