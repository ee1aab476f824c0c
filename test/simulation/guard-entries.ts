import {memoryEntriesIn} from '../../src/server/memory.ts';
import type {Entry, EntryStore} from '../../src/server/entry.ts';
import type {MaybePromise} from '../../src/utils.ts';
import type {Check} from './check.ts';
import type {GuardPlan} from './guard-plan.ts';
import {never, type Life} from './life.ts';
import type {StoreFate} from './plan.ts';
import type {World} from './world.ts';

/** One store of entries for all processes of the guard, and what must be true of it after every step. */
export function createEntries(
	world: World,
	plan: GuardPlan,
	nextFate: () => StoreFate,
	check: Check,
	/** Its policy has it that it may run again, for which the guard does not answer. */
	disown: (entry: Entry) => void,
	/** Its answer has been forgotten. */
	forgotten: (key: string) => void,
) {
	const stored = new Map<string, Entry>();
	const memory = memoryEntriesIn({now: world.clock}, stored);
	/** As they stood after the step before. */
	const entries = new Map<string, Entry>();
	/** What was ever kept under a key, in whatever scope. */
	const kept = new Map<string, string[]>();

	const mayHaveRun = (entry: Entry | undefined) =>
		entry !== undefined && (entry.state === 'doubt' || (entry.state === 'running' && entry.mayHaveActed));
	const isSettled = (entry: Entry | undefined) =>
		entry?.state === 'answered' && entry.expiresAt !== undefined && world.clock() < entry.expiresAt;

	/** A step has changed it. */
	function changed(id: string, step: string, after: Entry | undefined): void {
		const before = entries.get(id);
		if (after === before) return;
		world.note(
			'entries',
			`${step}: ${before?.state} ${before?.token ?? ''} is now ${after?.state} ${after?.token ?? ''}`,
		);
		if (isSettled(before)) check.violation(`${step} changed an entry that was settled`);
		if (before && after && after.fingerprint !== before.fingerprint && mayHaveRun(before))
			check.violation(`${step} gave a key in doubt to another payload`);
		if (after) entries.set(id, after);
		else entries.delete(id);
		if (after?.state !== 'answered' || !after.answer) return;
		const {key} = after.subject;
		kept.set(key, [...(kept.get(key) ?? []), new TextDecoder().decode(after.answer.body ?? undefined)]);
	}

	function begun(id: string, entry: Entry, owner: string): void {
		const before = entries.get(id);
		const isLapsed = before?.state === 'running' && before.leaseUntil <= world.clock();
		if (before?.state === 'answered') {
			world.count('guard: expired');
			forgotten(entry.subject.key);
		}

		if (isLapsed && !before.mayHaveActed) world.count('guard: free by time');
		if (isLapsed && before.mayHaveActed && before.owner !== owner) {
			world.count('guard: reexecuted');
			if (plan.onLapsed === 'reexecute') disown(entry);
		}

		if (mayHaveRun(before) && before?.owner !== owner && plan.onLapsed === 'doubt')
			check.violation(`a key that may have had its effect was begun anew when it was ${before?.state}`);
		if (before?.state === 'doubt') check.violation('a key was begun anew when it was in doubt');
		changed(id, 'begin', entry);
	}

	function open(life: Life): EntryStore {
		function step<T>(what: string, run: () => MaybePromise<T>): MaybePromise<T> {
			if (!life.call()) return never();
			const {there, back, fails} = nextFate();
			if (there === undefined) {
				const result = run();
				return life.alive() ? result : never();
			}

			world.note(life.name, what, {there, back, fails});
			if (fails !== 'no') world.count(`guard: ${what} fails ${fails}`);
			return new Promise((resolve, reject) => {
				world.at(there, () => {
					if (!life.lands()) return;
					const result = fails === 'before' ? undefined : run();
					if (fails === 'never answers') return;
					life.later(back, () => {
						if (fails === 'no') resolve(result as T);
						else reject(new Error('the entries failed'));
					});
				});
			});
		}

		/** A step that is fenced by who holds the entry. */
		function fenced<H>(
			what: 'mark' | 'renew' | 'answer',
			run: (id: string, hold: H) => ReturnType<EntryStore['mark']>,
		) {
			return (id: string, hold: H) =>
				step(what, () => {
					const result = run(id, hold) as Awaited<ReturnType<EntryStore['mark']>>;
					world.count(`guard: ${what} ${result.status}`);
					if (result.status === 'done') changed(id, what, stored.get(id));
					return result;
				});
		}

		return {
			begin: (id, beginning) =>
				step('begin', () => {
					const result = memory.begin(id, beginning) as Awaited<ReturnType<EntryStore['begin']>>;
					const {status, entry} = result;
					world.count(`guard: ${status}`);
					const isLapsed = status === 'doubt' && entry.state === 'running';
					if (isLapsed) world.count('guard: lapsed');
					if (status === 'begun') begun(id, entry, beginning.owner);
					return result;
				}),
			mark: fenced('mark', memory.mark),
			renew: fenced('renew', memory.renew),
			answer: fenced('answer', memory.answer),
			release: (id, hold) =>
				step('release', () => {
					const result = memory.release(id, hold) as Awaited<ReturnType<EntryStore['release']>>;
					world.count(`guard: release as ${hold.as} ${result.status}`);
					if (result.status === 'done') changed(id, 'release', stored.get(id));
					return result;
				}),
			take: (id, taking) =>
				step('take', () => {
					const result = memory.take(id, taking) as Awaited<ReturnType<EntryStore['take']>>;
					world.count(`guard: take ${result.status}`);
					if (result.status === 'taken') changed(id, 'take', result.entry);
					return result;
				}),
			resolve: (id, found, seen) =>
				step('resolve', () => {
					const before = entries.get(id);
					const result = memory.resolve(id, found, seen) as Awaited<ReturnType<EntryStore['resolve']>>;
					world.count(`guard: resolve ${found === 'undone' ? found : 'answer'} ${result.status}`);
					if (result.status !== 'resolved' || before === undefined) return result;
					const settled = {state: 'answered', owner: '', leaseUntil: 0, token: before.token + 1} as const;
					const end = found === 'undone' ? undefined : world.clock() + (found.retention ?? Infinity);
					changed(
						id,
						'resolve',
						found === 'undone' ? undefined : {...before, ...settled, answer: found.answer, expiresAt: end},
					);
					return result;
				}),
			unsettled: (guard, limit) => step('unsettled', () => memory.unsettled(guard, limit)),
			sweep: () =>
				step('sweep', () => {
					const swept = memory.sweep() as number;
					for (let i = 0; i < swept; i++) world.count('guard: swept');
					const left = new Set(
						(memory.unsettled('', 1_000) as ReadonlyArray<{entry: Entry}>).map(
							({entry}) => entry.subject.key + entry.subject.scope,
						),
					);
					for (const [id, entry] of entries)
						if (mayHaveRun(entry) && !left.has(entry.subject.key + entry.subject.scope))
							check.violation(`sweep dropped ${id}, which may have had its effect`);
					return swept;
				}),
		};
	}

	return {
		open,
		all: () => entries,
		wasKept: (key: string, text: string) => kept.get(key)?.includes(text) ?? false,
		/** When all leases are over and nobody is at work. */
		inTheEnd(): void {
			for (const {owner, leaseUntil, state, subject, answer} of entries.values()) {
				if (owner !== '' && leaseUntil > world.clock()) check.violation(`the entry of ${subject.key} is stuck`);
				if (state === 'answered' && !answer) check.violation(`the entry of ${subject.key} has lost its answer`);
			}
		},
	};
}
