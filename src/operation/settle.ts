import type {Environment} from '../environment.ts';
import {settleRule, unleased} from '../stores/rules.ts';
import type {Settlement, OperationId} from '../stores/store.ts';
import {atRest} from './at-rest.ts';
import type {Finding} from './attempts.ts';
import type {GuardedStore} from './guarded-store.ts';
import type {HeldLease} from './lease.ts';
import {correctRecord, keepRecord} from './known.ts';
import {
	keepUnsaved,
	isSmall,
	type Run,
	showSnapshot,
	type Operation,
	type Operations,
	type Unsaved,
} from './operations.ts';
import type {OperationRecord} from './record.ts';
import {snapshotOfRecord} from './snapshot.ts';
import {transition, isDefinitive, isOpenState} from './state.ts';

/** A claim that only writes something down lasts no longer, in milliseconds: its answer may be lost, time and again. */
const SAVE_LEASE = 10_000;

const copied = Symbol();

/** An answer is copied only when the store takes it. The same getter for all: each of its own would have V8 keep the whole call. */
const whenRead: PropertyDescriptor & ThisType<{readonly [copied]: () => Settlement['answer']}> = {
	enumerable: true,
	get() {
		return this[copied]();
	},
};

/**
 * Writes the outcome. A failure of the store takes nothing from the caller: this realm remembers what it wrote, and
 * tries again in the background.
 */
export async function settle(
	run: Run,
	{record, now, claim, stored, remaining}: HeldLease,
	{state: learnt, binding, found, answer: other, pending}: Finding,
): Promise<Settled> {
	const {operation, settings} = run;
	const {key, owner} = record;
	const state = transition(record.state, learnt, operation.at);
	const answer = found ? other : run.progress.answer;
	// A success counts from anybody. So does a refusal that no other attempt can contradict.
	const fenced = !binding && state.status !== 'succeeded';
	const small = answer?.body && (settings.keepResponse || isSmall(answer)) ? answer : undefined;
	const keepAnswer = settings.keepResponse;
	const copy = () => (small && run.keepsAnswer ? atRest(small, keepAnswer) : undefined);
	const settlement = (token: number): Settlement =>
		Object.defineProperty({key, owner, token, state, fenced, pending, keepAnswer, [copied]: copy}, 'answer', whenRead);
	// Who has to claim again cannot know who has sent the key meanwhile. A record under another one is left as it is.
	const again = () => ({
		...claim,
		key,
		ownKey: true,
		// What another has begun may have been settled without a word of what was sent from here.
		random: claim.random && claim.key === key,
		ambiguous: true,
		lease: Math.min(claim.lease, SAVE_LEASE),
		keyLife: record.keyUntil - record.createdAt,
		keyAge: Math.max(0, now() - record.createdAt),
		awaited: undefined,
		previousKey: undefined,
	});
	const before = operation.unsaved;
	const earlier = before?.stored && before.record.key !== key ? before : before?.earlier;
	// That the store holds another key was found while this was sent: it stays found.
	const storedKey = before?.storedKey;
	keepUnsaved(operation, {
		record,
		state,
		settlement,
		claim: again,
		stored,
		earlier,
		storedKey,
		report: run.report,
	});
	if (!isOpenState(state)) operation.candidate = undefined;
	if (operation.operations.degrades) {
		const written = settleRule(record, settlement(record.token), now()).write;
		keepRecord(operation, {record: written ?? record, now});
	}

	try {
		const settled = await save(operation);
		run.withheld = undefined;
		return settled;
	} catch (error) {
		run.report({type: 'store-error', step: 'settle', error});
		if (fenced && !isOpenState(state) && remaining() <= 0) {
			// Who took over when the lease was over may know better, and the store would have told.
			operation.unsaved = undefined;
			correctRecord(operation, {...record, ...unleased, state: {status: 'unknown'}, ambiguous: true});
			return {status: 'lost'};
		}

		saveLater(operation, run.environment);
		return {status: 'done'};
	}
}

export type Settled = {
	/**
	 * `done`: as asked. `lost`: another owner is at it. `stronger`: the record already knew better. `conflict`: it was sent
	 * without a claim, and the store holds another key by now.
	 */
	readonly status: 'done' | 'lost' | 'stronger' | 'conflict';
	readonly record?: OperationRecord | undefined;
};

/** Gives the store what only this realm knows of the operation. Throws when it does not take it. */
export async function save(operation: Operation): Promise<Settled> {
	const {unsaved} = operation;
	if (unsaved === undefined) return {status: 'done'};
	const {state, earlier, report} = unsaved;
	if (unsaved.storedKey !== undefined) return {status: 'conflict'};
	const become = (next: Unsaved | undefined) => {
		if (operation.unsaved === unsaved) operation.unsaved = next;
	};
	if (earlier !== undefined) {
		await saveOne(operation, earlier);
		become({...unsaved, earlier: undefined});
		return save(operation);
	}

	const {status, record} = await saveOne(operation, unsaved);
	const {key} = unsaved.record;
	const storedKey = record?.key ?? key;
	if (status === 'conflict') {
		become({...unsaved, storedKey});
		report({type: 'key-conflict', storedKey});
		return {status, record};
	}

	if (record !== undefined) correctRecord(operation, record);
	// The store knows the key by now.
	if (operation.unsaved === unsaved && operation.candidate?.key === key) operation.candidate = undefined;
	become(undefined);

	if (status === 'lost') {
		if (state.status === 'succeeded' && storedKey !== key) report({type: 'late-success', replacedBy: storedKey});
		return {status, record};
	}

	// A doubt that was written instead takes nothing from the answer.
	const stronger = record !== undefined && isDefinitive(record.state) && record.state.status !== state.status;
	return {status: stronger ? 'stronger' : 'done', record};
}

/** The same for a whole scope. What the store does not take. */
export async function saveAll({all}: Operations, scope: string | null): Promise<Operation[]> {
	const unsaved = [...all.values()].filter(it => it.unsaved && it.scope === scope);
	await Promise.all(unsaved.map(async it => save(it).catch(() => undefined)));
	return unsaved.filter(it => it.unsaved);
}

async function saveOne({operations: {store}, id: find}: Operation, unsaved: Unsaved): Promise<Settled> {
	const {stored, state, settlement, record} = unsaved;
	const id = await find();
	const settled = stored && (await store.settle(id, settlement(record.token)));
	// The site's data was cleared in flight: what is known here is all that is left of it.
	const gone = settled && settled.status === 'lost' && settled.record === undefined && state.status !== 'refused';
	return settled && !gone ? settled : saveAgain(store, id, unsaved);
}

/** Makes the claim that the store does not hold, then settles it. */
async function saveAgain(
	store: GuardedStore,
	id: OperationId,
	{claim, record, state, settlement}: Unsaved,
): Promise<Settled> {
	const asked = claim();
	const claimed = await store.claim(id, asked);
	const freed = claimed.status === 'key-used';
	const held = freed ? undefined : claimed.record;
	const key = freed ? claimed.previousKey : claimed.record.key;
	const known = freed ? key : claimed.record.previousKey;
	// A claim of it came late, and others have gone on from there. (A derived key may have been used earlier, too.)
	if (asked.random && known === asked.key && !(freed && isDefinitive(state))) return {status: 'lost', record: held};
	// What made an earlier use of the key free says nothing of a doubt about this one.
	if (key !== asked.key || (freed && !isDefinitive(state))) return {status: 'conflict', record: held};
	return store.settle(id, settlement((claimed.status === 'claimed' ? claimed.record : record).token));
}

/** Waits before the store is tried again, in milliseconds; the last one for as long as this realm lives. */
const BACKGROUND = [500, 2_000, 8_000, 30_000] as const;

/** Tries again until the store has taken it. For a while this keeps a process from ending. */
export function saveLater(operation: Operation, environment: Environment): void {
	operation.stopSaving?.();
	const wait = (tries: number) => {
		const ms = BACKGROUND[tries] ?? BACKGROUND[3];
		const again = () => {
			save(operation).then(
				({status, record}) => {
					operation.stopSaving = undefined;
					const {snapshot} = operation;
					// Another has sent it since, and knows better than what was told here.
					if (snapshot && record && status !== 'done')
						showSnapshot(operation, snapshotOfRecord(record, snapshot.limit, environment.now(), 0, false));
				},
				() => {
					wait(tries + 1);
				},
			);
		};
		operation.stopSaving = environment.timer(again, ms, ms < BACKGROUND[3]);
	};
	wait(0);
}
