import type {Outcome} from '../../src/errors.ts';
import type {OperationRecord} from '../../src/operation/record.ts';
import {createTruth, type Freed, type KeyFacts} from './truth.ts';
import {areApart, createExcuses} from './excuses.ts';
import type {Life} from './life.ts';
import type {Arrival} from './server.ts';
import {sharesKeys, type Plan} from './plan.ts';
import type {ServerKind} from './servers.ts';
import type {World} from './world.ts';

const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;

/** One call, with the key that it came to use. */
export type Called = {
	readonly operation: string;
	readonly key: string;
	readonly body: string;
	/** When it began, or the call that it joined. */
	readonly since: number;
};

export type Check = ReturnType<typeof createCheck>;

/** Keeps the truth, and holds every step against it. */
export function createCheck(world: World, kind: ServerKind, plan: Plan) {
	const {of, idOf, keysOf, renew} = createTruth();
	const violations: string[] = [];
	const shared = sharesKeys(plan);
	const conflicts = new Map<string, Map<Life, string>>();
	const {isQuiet, isSetBack, mayBeForgotten, storesOf, excused} = createExcuses(world, kind, plan);

	function violation(text: string): void {
		world.note('VIOLATION', text);
		violations.push(text);
	}

	/** By what the record says, and by what is declared now. */
	function keyEndOf({keyUntil, createdAt}: OperationRecord): number {
		return Math.min(keyUntil, createdAt + kind.retention - MINUTE);
	}

	/** `sentAt`: when the request left its client. */
	function effect(operation: string, key: string, sentAt: number, by: string): void {
		const facts = of(operation, key);
		facts.effects++;
		facts.effectsOf.add(by);
		facts.effectAt = world.now();
		if (sentAt < facts.refusedAt && !excused(facts) && !facts.misled)
			violation(`${operation} had its effect under ${key} after it was told as refused`);
		if (!kind.honoursKeys) return;
		const forgotten = mayBeForgotten() || (kind.retention !== Number.POSITIVE_INFINITY && facts.apartIn.size > 0);
		const late = facts.misled && facts.replaced;
		if (facts.effects > 1 && !forgotten && !facts.disowned && !late)
			violation(`key ${key} had ${facts.effects} effects`);
		const charged = keysOf(operation).filter(({effects}) => effects > 0);
		for (const [i, first] of charged.entries())
			for (const second of charged.slice(i + 1)) if (second === facts || first === facts) twice(first, second);
	}

	/** Two keys of an operation that both had their effect: somebody must have freed the first, or cannot have known. */
	function twice(first: KeyFacts, second: KeyFacts): void {
		// Which key came first is not said where a second device begins with it once more, nor by a realm without its store.
		const apartOnce = first.apartIn.size + second.apartIn.size > 0;
		const mayBeFirst = shared || apartOnce ? [first, second] : [first];
		const freed = mayBeFirst.some(facts => facts.freed !== undefined && facts.freed !== 'refused');
		// Who goes on without its store gives up one key over realms; in its own realm there is still one.
		const apart = apartOnce && areApart(first.effectsOf, second.effectsOf);
		// False evidence of not having sent, and then a changed request or the key's end, known or not: nobody can see through both.
		const changed = first.misled && (first.replaced || apartOnce || mayBeForgotten());
		// Two devices derive one key from equal requests, and several from others; what is over on one may go on on the other.
		const elsewhere = shared && (areApart(storesOf(first), storesOf(second)) || mayBeForgotten());
		const forgotten = !shared && isSetBack() && mayBeForgotten();
		if (!freed && !apart && !changed && !elsewhere && !forgotten && !excused(first) && !excused(second))
			violation(`operation ${first.operation} had two effects, under ${first.key} and ${second.key}`);
	}

	/** A step of the store took effect. */
	function landed(
		life: Life,
		operation: string,
		before: OperationRecord | undefined,
		after: OperationRecord | undefined,
		how: Freed,
	): void {
		if (after === before) return;
		const {key} = after ?? {key: 'nothing'};
		world.note(life.name, `${operation} stands at`, after);
		if (before && !before.freed && after?.freed && how !== 'force' && before.state.status === 'unprocessed')
			if (of(operation, before.key).openFor.has(life.name))
				violation(`${life.name} freed ${before.key}, which it had sent, before its outcome was known`);
		const released =
			before?.state.status === 'unprocessed' &&
			(before.fingerprint !== after?.fingerprint || after.updatedAt >= keyEndOf(before));
		if (before !== undefined && before.key !== key && !isFreed(before) && !released)
			violation(`operation ${operation} got ${key} while ${before.key} was ${before.state.status}`);
		if (before?.key === key && before.state.status === 'succeeded' && after?.state.status !== 'succeeded')
			violation(`operation ${operation} had succeeded and is now ${after?.state.status}`);
		if (released && (before.fingerprint !== after?.fingerprint || before.createdAt !== after.createdAt))
			of(operation, before.key).replaced = true;
		if (after === undefined) return;
		const facts = of(operation, key);
		// What was freed on one device stays so, whatever the other has of it; so does a random key that was given up by force.
		const kept = shared || (plan.keys === 'random' && facts.freed === 'force') ? facts.freed : undefined;
		facts.freed = isFreed(after) ? (how === 'force' ? how : (facts.freed ?? how)) : kept;
		if (after.freed && how !== 'force') facts.freedAt = world.now();
		// A key can come again: derived anew when its record is gone, or offered by a flight that others had forgotten.
		if (before?.key !== key) renew(key);
		if (how === 'word') facts.disowned = true;
		const said = after.state.status === 'succeeded' && after.state.said && !after.freed;
		facts.saidAt = said ? Math.min(facts.saidAt, world.now()) : Number.POSITIVE_INFINITY;
		const pending = after.state.status === 'pending' && !after.freed;
		facts.pendingAt = pending ? Math.min(facts.pendingAt, world.now()) : Number.POSITIVE_INFINITY;
		if (after.state.status !== 'sending') facts.openFor.delete(life.name);
	}

	/** A record is gone. Settled ones are kept for long, not for ever; an open one must stay. `since`: of the first sweep. */
	function swept(operation: string, {key, state, freed}: OperationRecord, since: number): void {
		if (since < DAY) violation(`${key} was swept by one clock that was ahead`);
		if (!freed && ['sending', 'unknown', 'pending'].includes(state.status))
			violation(`${key} was swept while it was ${state.status}`);
		of(operation, key).freed = 'forget';
	}

	/** `age`: how old the key is at least, by the store's clock. */
	function sent(life: Life, {operation, key, body}: Arrival, written: boolean, age: number): void {
		const facts = of(operation, key);
		// A random key that was never sent is new to the server, however long it has lain.
		const isNew = plan.keys === 'random' && facts.sentBy.size === 0;
		facts.sentBy.add(life.name);
		facts.openFor.add(life.name);
		const knows = kind.retention !== Number.POSITIVE_INFINITY && !(plan.undeclared && life.name.startsWith('tab 1.'));
		const byItself = plan.wrapper === 'retries' && facts.misled;
		if (!byItself && !isNew && age >= (knows ? kind.retention : DAY))
			violation(`${life.name} sent ${key}, which was too old`);
		if (!byItself && facts.unsureOfAge.has(life.name) && !facts.apartIn.has(life.name))
			violation(`${life.name} sent ${key} by a clock that was set back`);
		// What was never sent goes at sign-out, and anything by force.
		const other = conflicts.get(operation)?.get(life);
		const lasts = other !== undefined && of(operation, other).sentBy.size > 0 && of(operation, other).freed !== 'force';
		if (!byItself && lasts) violation(`${life.name} sent ${key} after a conflict of two keys`);
		if (!written && !facts.apartIn.has(life.name))
			violation(`${life.name} sent ${key} for ${operation}, which is not written down`);
		facts.body ??= body;
		facts.reused ||= facts.body !== body;
		if (!byItself && !shared && !facts.apartIn.has(life.name) && world.now() > facts.saidAt + MINUTE)
			violation(`${life.name} sent ${key}, which somebody had said to have succeeded`);
		const asksAgain = kind.dialect.repeatsGiveCurrentState === true;
		if (!byItself && !asksAgain && !shared && !facts.apartIn.has(life.name) && world.now() > facts.pendingAt + MINUTE)
			violation(`${life.name} sent ${key}, which was pending`);
		if (facts.body !== body && plan.keys !== 'own') violation(`${life.name} sent ${key} with another payload`);
	}

	/** A claim found a record, by the store's clock of now. */
	function claimed(life: Life, operation: string, {key, updatedAt}: OperationRecord, now: number): void {
		const {unsureOfAge} = of(operation, key);
		if (now < updatedAt - MINUTE) unsureOfAge.add(life.name);
		else unsureOfAge.delete(life.name);
	}

	/** A life was told that the store holds another key than it has sent; without a key: that has found its end. */
	function conflict(life: Life, operation: string, key?: string): void {
		const lives = conflicts.get(operation) ?? new Map<Life, string>();
		conflicts.set(operation, lives);
		if (key === undefined) lives.delete(life);
		else lives.set(life, key);
	}

	/** Keys that only this life has sent, without a claim, and of whose effect it has not learnt. */
	function openIn(life: Life, operation: string): KeyFacts[] {
		return keysOf(operation).filter(({sentBy, apartIn, openFor, disowned, misled, freed, effects, underWay}) => {
			const isOnly = sentBy.size === 1 && apartIn.has(life.name) && openFor.has(life.name);
			const mayHaveActed = plan.keys === 'random' && effects + underWay > 0 && !misled;
			return isOnly && mayHaveActed && !disowned && freed === undefined;
		});
	}

	function isInConflict(life: Life, operation: string): boolean {
		return conflicts.get(operation)?.has(life) ?? false;
	}

	/** A caller was told. */
	function told(life: Life, {operation, key, body, since}: Called, outcome: Outcome, keyKept: boolean, why = ''): void {
		world.note(life.name, `${operation} told ${outcome} under ${key}`);
		world.count(`told ${outcome}`);
		const facts = of(operation, key);
		if (outcome !== 'unknown' && outcome !== 'pending') facts.openFor.delete(life.name);
		if (outcome === 'succeeded' && facts.effects === 0 && !facts.disowned)
			violation(`${operation} was told as succeeded under ${key}, which had no effect`);
		// Who asks about a key of the application's hears of whatever was sent under it.
		if (outcome === 'succeeded' && plan.keys !== 'own' && facts.body !== undefined && facts.body !== body)
			violation(`${operation} was told as succeeded under ${key}, which was sent for another payload`);
		const {shownAt, freedAt, effectAt} = facts;
		const over = shownAt <= freedAt && effectAt <= freedAt && freedAt < since;
		if (outcome === 'succeeded') facts.shownAt = Math.min(shownAt, world.now());
		// Another device cannot know what was completed on this one, nor a realm that went on without the store.
		// A key that is derived without the store follows no other, and the store goes on from there, perhaps to one of before.
		const chain = plan.keys === 'content' ? keysOf(operation) : [facts];
		const apart = shared || facts.apartIn.has(life.name) || chain.some(it => it !== facts && it.apartIn.size > 0);
		if (outcome === 'succeeded' && over && !apart && !excused(facts, life))
			violation(`${operation} was told as succeeded under ${key}, which had its effect for an earlier intention`);
		// An own key may go with a changed request once it was turned away; the server tells where that was wrong.
		const changed = (facts.misled && facts.replaced) || (shared && facts.reused);
		if (outcome === 'mismatched' && facts.effects > 0 && facts.body === body && !changed && !excused(facts, life))
			violation(`${operation} was told as mismatched under ${key}, which had its effect for this payload`);
		const late = facts.replaced && plan.keys === 'random' && plan.store.length === 0 && plan.callbacks.length === 0;
		if (outcome === 'succeeded' && late && !facts.lateIn.has(life.name))
			violation(`${life.name} did not tell that ${key}, which was replaced, has succeeded`);
		if (outcome === 'not-sent' && why === '' && isQuiet && !facts.freed && !facts.sentBy.has(life.name))
			violation(`${life.name} did not try to send ${key}`);
		const final = outcome === 'unknown' && why === 'final' && plan.keys === 'random';
		if (final && kind.repeats && !isInConflict(life, operation))
			violation(`${life.name} gave ${key} up, which the server would go on with`);
		if (outcome === 'mismatched' && !kind.compares)
			violation(`${operation} was told as mismatched by a server that never said so`);
		if (outcome !== 'refused' && outcome !== 'not-sent') return;
		// Where the key is kept, others may have had their effect under it meanwhile.
		const lasts = keyKept || outcome === 'not-sent';
		if (!lasts) facts.refusedAt = world.now();
		const had = lasts ? facts.effectsOf.has(life.name) && !facts.misled : facts.effects > 0;
		if (had && !excused(facts, life) && !mayBeForgotten())
			violation(`${operation} was told as ${outcome} under ${key}, which had its effect`);
	}

	return {
		of,
		idOf,
		violation,
		effect,
		landed,
		swept,
		sent,
		told,
		violations,
		keysOf,
		claimed,
		conflict,
		isInConflict,
		openIn,
	};
}

function isFreed({freed, state}: OperationRecord): boolean {
	return freed || state.status === 'refused';
}
