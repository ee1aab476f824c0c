import {settleRule, unleased} from '../stores/rules.ts';
import type {Settlement} from '../stores/store.ts';
import {atRest} from './at-rest.ts';
import type {Finding} from './conclude.ts';
import type {HeldLease} from './lease.ts';
import {correctRecord, keepRecord, keepUnsaved, isSmall, type Run} from './operations.ts';
import {saveLater, save, type Settled} from './save.ts';
import {transition} from './state.ts';

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
	{state: learnt, binding, found}: Finding,
): Promise<Settled> {
	const {operation, settings} = run;
	const {key, owner} = record;
	const state = transition(record.state, learnt, operation.at);
	const answer = found ? undefined : run.progress.answer;
	// A success counts from anybody. So does a refusal that no other attempt can contradict.
	const fenced = !binding && state.status !== 'succeeded';
	const small = answer?.body && (settings.keepResponse || isSmall(answer)) ? answer : undefined;
	const keepAnswer = settings.keepResponse;
	const copy = () => (small && run.keepsAnswer ? atRest(small, keepAnswer) : undefined);
	const settlement = (token: number): Settlement =>
		Object.defineProperty({key, owner, token, state, fenced, keepAnswer, [copied]: copy}, 'answer', whenRead);
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
	if (state.status !== 'unknown') operation.candidate = undefined;
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
		if (fenced && state.status !== 'unknown' && remaining() <= 0) {
			// Who took over when the lease was over may know better, and the store would have told.
			operation.unsaved = undefined;
			correctRecord(operation, {...record, ...unleased, state: {status: 'unknown'}, ambiguous: true});
			return {status: 'lost'};
		}

		saveLater(operation, run.environment);
		return {status: 'done'};
	}
}
