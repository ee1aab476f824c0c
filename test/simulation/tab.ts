import {createFetchIn, type LatchkeyFetch} from '../../src/fetch.ts';
import {isLatchkeyError, OutcomeUnknownError} from '../../src/errors.ts';
import type {LatchkeyEvent} from '../../src/events.ts';
import type {OutcomeReport} from '../../src/operation/outcome.ts';
import type {FetchOptions} from '../../src/options.ts';
import {toldOf} from '../support/told.ts';
import {CallbackError, type Callbacks} from './callbacks.ts';
import {createDeadline} from './deadline.ts';
import type {Environment} from '../../src/environment.ts';
import type {Check} from './check.ts';
import {createInTime, type Waiting} from './in-time.ts';
import type {Life} from './life.ts';
import type {OwnKeys} from './own-keys.ts';
import {createPace} from './pace.ts';
import type {Plan} from './plan.ts';
import {watched} from './sends.ts';
import {idOf, type Session} from './session.ts';
import type {Words} from './shared-store.ts';
import type {Freed} from './truth.ts';
import type {Wire} from './wire.ts';
import type {World} from './world.ts';
import {operationOf} from '../../src/operation/handle.ts';
import {forgetAll} from '../../src/operation/forget-all.ts';
import {unfinished} from '../../src/operation/unfinished.ts';

export type Payment = {
	readonly operation: string;
	readonly cart: number;
	readonly abortAfter?: number | undefined;
	readonly hurry?: boolean;
};

/** A page in one life: what a person can do there, and what he is told. */
export type Tab = {
	readonly life: Life;
	readonly fetch: LatchkeyFetch;
	readonly opens: boolean;
	pay(payment: Payment): Promise<Told>;
	/** Sends what was kept, if it is offered. */
	resume(operation: string, bodyOf: (key: string) => string | undefined): Promise<void>;
	free(operation: string, how: 'complete' | 'forget' | 'force'): Promise<boolean>;
	resolve(operation: string, outcome: 'succeeded' | 'refused'): Promise<boolean>;
	forgetAll(): Promise<boolean>;
	sweep(): Promise<void>;
};

export type Told = Pick<OutcomeReport, 'outcome' | 'key' | 'keyKept' | 'error'>;

/** Why nothing was resumed. */
const usedAnew = new Error('its name is used for another operation');

/** `most`: its time, in milliseconds. */
type Limits = {readonly most: number; readonly retries: number; readonly abortAfter?: number | undefined};

function abortable() {
	const controller = new AbortController();
	return {
		signal: controller.signal,
		abort: () => {
			controller.abort();
		},
	};
}

const HURRY = {timeout: 2_000, totalTimeout: 5_000, retry: 2};
const LIMITS: Limits = {most: 60_000, retries: 3};
/** A handle takes four steps through a store, of at most 5 seconds each. */
const HANDLE = 20_000;

export type TabOptions = {
	readonly world: World;
	readonly life: Life;
	readonly environment: Environment;
	readonly words: Words;
	readonly check: Check;
	readonly options: FetchOptions;
	readonly redirect: RequestRedirect;
	readonly session: Session;
	/** The application's own, if it has any. */
	readonly keys: OwnKeys | undefined;
	readonly callbacks: Callbacks;
	readonly plan: Plan;
	/** It shows how its operations stand, and asks about them where they are pending. */
	readonly listens: boolean;
	readonly isVerdict: (response: Response) => boolean;
	readonly wire: Wire;
	/** Its store can be opened. */
	readonly opens: boolean;
};

export function openTab(of: TabOptions): Tab {
	const {world, life, environment, words, check, options, redirect, session, keys, callbacks, plan, opens} = of;
	const idHere = (operation: string) => idOf(session.user, operation);
	const running = new Set<Waiting & {readonly since: number}>();
	const pace = createPace(world, life, check, plan.store.length === 0);
	const inTime = createInTime(world, life, check, plan, of.isVerdict);
	const fetch = createFetchIn(environment, {
		...options,
		...(options.fetch && {fetch: watched(options.fetch, of.wire, pace, inTime)}),
		onEvent(event) {
			see(event);
			return callbacks.go('onEvent', () => undefined);
		},
	});

	function see(event: LatchkeyEvent): void {
		const {type, operation, key = ''} = event;
		world.count(type);
		const id = check.idOf(key) || idOfFlight(operation?.[1] ?? '');
		if (type === 'key-conflict') check.conflict(life, id, key);
		if (type === 'settled' && event.outcome !== 'unknown' && event.outcome !== 'pending')
			check.of(id, key).openFor.delete(life.name);
		if (type === 'taken-over') inTime.doubts(key);
		if (type === 'taken-over' || type === 'waiting-elsewhere') pace.elsewhere(id);
		if (type === 'late-success') check.of(id, key).lateIn.add(life.name);
		if (type !== 'degraded') return;
		if (options.onStoreError === 'degrade' || !opens) check.of(id, key).apartIn.add(life.name);
		else check.violation(`${life.name} went on without the store, which it was not told to`);
	}

	callbacks.open();
	if (callbacks.has('listener') || of.listens)
		for (const name of ['one', 'two']) for (let listeners = 0; listeners < 2; listeners++) listen(name);

	/** A scope that cannot be told has no handle. */
	function listen(name: string): void {
		try {
			operationOf(fetch, ['pay', name]).subscribe(() => callbacks.go('listener', () => undefined));
		} catch (error) {
			if (!isOfCallback(error, 0)) unexpected('subscribe', error);
		}
	}

	const within = createDeadline(world, life, check);

	/** Another user may have signed in meanwhile. */
	function idOfFlight(operation: string): string {
		const pressed = [...running].findLast(call => call.operation.split('/').at(-1) === operation);
		return pressed?.operation ?? idHere(operation);
	}

	async function pay({operation, cart, abortAfter, hurry = false}: Payment): Promise<Told> {
		const {signal, abort} = abortable();
		if (abortAfter !== undefined) life.later(abortAfter, abort);
		const id = idHere(operation);
		world.note(life.name, `PAY ${id}, cart ${cart}`);
		const body = JSON.stringify({operation: id, cart});
		const own = keys?.of(id);
		const init = {
			method: 'POST',
			body,
			redirect,
			operation: ['pay', operation] as const,
			signal,
			...(own && {idempotencyKey: plan.since ? own : own.key}),
			...(hurry && HURRY),
		};
		const begin = async () => fetch('/pay', init);
		const limits = hurry ? {most: HURRY.totalTimeout, retries: HURRY.retry} : LIMITS;
		const told = await press(id, body, {...limits, abortAfter}, begin, signal);
		const spent = told.error instanceof TypeError && told.error.message.includes('was freed');
		// An application renews its key when the operation was refused for good, and only then; or when it is told that it must.
		if (spent || !told.keyKept) keys?.renew(id, own?.key);
		return spent ? pay({operation, cart, abortAfter, hurry}) : told;
	}

	async function resume(operation: string, bodyOf: (key: string) => string | undefined): Promise<void> {
		const id = idHere(operation);
		world.note(life.name, `LOOKS FOR ${id} TO RESUME`);
		const found = await within('unfinished', HANDLE, HANDLE, async () => unfinished(fetch)).catch(() => []);
		const {key = '', resume: again} = found.find(open => open.operation[1] === operation) ?? {};
		const body = bodyOf(key);
		if (again === undefined || body === undefined) return;
		world.note(life.name, `RESUME ${id}`);
		world.count('resume');
		// It asks for what was begun then, whatever has become of it.
		const begin = async () => again({redirect}).catch(unlessUsedAnew);
		await press(id, body, LIMITS, begin, undefined, Number.NEGATIVE_INFINITY);
	}

	/** Its name may be used for another operation by now; then nothing is sent. */
	function unlessUsedAnew(error: unknown): never {
		if (error instanceof TypeError && error.message.includes('another key'))
			throw new OutcomeUnknownError({operation: undefined, cause: usedAnew});
		throw error;
	}

	async function press(
		operation: string,
		body: string,
		{most, retries, abortAfter = most}: Limits,
		begin: () => Promise<Response>,
		signal?: AbortSignal,
		begun = world.now(),
	): Promise<Told> {
		// Who joins takes part in what began before.
		const joined = [...running].filter(call => call.operation === operation);
		const call = {operation, body, since: Math.min(begun, ...joined.map(({since}) => since))};
		running.add(call);
		inTime.begins(call);
		const ends = pace.begins({operation, retries});
		const told = await within('pay', Math.min(most, abortAfter), 0, async () => toldOf(begin()));
		ends();
		running.delete(call);
		const isOfAnother = isOfOwnKey(told.error) || (told.error as Error | undefined)?.cause === usedAnew;
		inTime.ends(call, told.outcome, signal?.aborted === true || isOfAnother);
		if (!life.alive()) return told;
		const {outcome, key, keyKept, error} = told;
		const over = world.now() + 1 > call.since + most ? 'time is over' : '';
		const isKnown = isLatchkeyError(error) || isOfOwnKey(error) || isOfCallback(error, call.since);
		if (error !== undefined && !signal?.aborted && !isKnown) unexpected('pay', error);
		if (key === undefined) world.note(life.name, `${operation} told ${String(error)}`);
		else check.told(life, {operation, key, body, since: call.since}, outcome, keyKept, reasonOf(error) || over);
		return told;
	}

	/** Why nothing could be sent, where it is said. */
	function reasonOf(error: unknown): string {
		if (!isLatchkeyError(error, 'NOT_SENT') && !isLatchkeyError(error, 'OUTCOME_UNKNOWN')) return '';
		return error.reason ?? (error.message.includes('signed-in user') ? 'signed out' : '');
	}

	/** An application whose own key is not that of the record is told so, and nothing is sent. */
	function isOfOwnKey(error: unknown): boolean {
		return keys !== undefined && error instanceof TypeError && /another key|was freed/.test(error.message);
	}

	/** What a callback failed with that had to answer, or what latchkey says of an answer that is none. */
	function isOfCallback(error: unknown, since: number): boolean {
		const says = error instanceof TypeError && /needs a scope|an idempotency key has|formatKey/.test(error.message);
		// What a listener throws is nobody's affair.
		const isAnswer = error instanceof CallbackError && !/onEvent|listener/.test(error.message);
		return (isAnswer || says) && callbacks.failedAt() >= since;
	}

	/** Whether it was done. What is refused for a reason is no fault. */
	async function attempt(what: string, run: () => Promise<void>): Promise<boolean> {
		world.note(life.name, what.toUpperCase());
		const began = world.now();
		try {
			await within(what, HANDLE, HANDLE, run);
			world.note(life.name, `${what}: done`);
			return true;
		} catch (error) {
			if (life.alive()) world.note(life.name, `${what}: ${String(error)}`);
			const nothing = error instanceof TypeError && error.message.includes('no open operation to resolve');
			if (!isLatchkeyError(error) && !nothing && !isOfCallback(error, began)) unexpected(what, error);
			return false;
		}
	}

	/** What is freed in the memory of this life alone no store tells. */
	function freed(id: string, how: Freed): void {
		const inMemory = !opens || how === 'force' || check.isInConflict(life, id);
		check.conflict(life, id);
		if (inMemory) for (const facts of check.keysOf(id)) if (facts.sentBy.has(life.name)) facts.freed ??= how;
	}

	function unexpected(what: string, error: unknown): void {
		check.violation(`${what} threw ${String(error)}`);
	}

	return {
		life,
		fetch,
		opens,
		pay,
		resume,
		async free(operation, how) {
			const handle = operationOf(fetch, ['pay', operation]);
			const id = idHere(operation);
			const key = keys?.of(id).key;
			const word = {operation: id, outcome: 'forget'} as const;
			if (how === 'force') words.add(word);
			const open = how === 'force' ? [] : check.openIn(life, id);
			const done = await attempt(`${how} ${id}`, async () =>
				how === 'complete' ? handle.complete() : handle.forget({force: how === 'force'}),
			);
			words.delete(word);
			const still = new Set(done ? check.openIn(life, id) : []);
			for (const {key: sent} of open.filter(facts => still.has(facts)))
				check.violation(`${life.name} let go of ${sent}, of which it does not know what became`);
			if (done) freed(id, how);
			// What was shown as a success and is over is followed by another purchase.
			if (done && how === 'complete' && key && check.of(id, key).shownAt < Infinity) keys?.renew(id, key);
			return done;
		},
		async resolve(operation, outcome) {
			const id = idHere(operation);
			const word = {operation: id, outcome};
			words.add(word);
			const {resolve} = operationOf(fetch, ['pay', operation]);
			const done = await attempt(`resolve ${id} as ${outcome}`, async () => resolve(outcome));
			words.delete(word);
			// It was about what this life knows, which may be another key than that of the store.
			for (const facts of check.keysOf(id)) if (done && facts.apartIn.has(life.name)) facts.disowned = true;
			if (done) check.conflict(life, id);
			return done;
		},
		async forgetAll() {
			const ids = ['one', 'two'].map(idHere);
			const done = await attempt('forget all', async () => forgetAll(fetch));
			if (done && !opens) for (const id of ids) freed(id, 'forget');
			// What went on without the store, and has ended, goes from the memory of this life.
			for (const facts of ids.flatMap(check.keysOf))
				if (done && facts.apartIn.has(life.name) && !facts.openFor.has(life.name)) facts.freed ??= 'forget';
			return done;
		},
		async sweep() {
			world.note(life.name, 'SWEEP');
			const sweep = async () => options.store?.sweep();
			await sweep().catch(() => undefined);
		},
	};
}
