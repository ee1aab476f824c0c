import {bounded} from '../bounded.ts';
import type {Environment} from '../environment.ts';
import {StoreError} from '../errors.ts';
import {decodeRecord} from './record.ts';
import {memoryStoreIn} from '../stores/memory.ts';
import {isStoreUnavailable} from '../stores/store-failure.ts';
import {isPromise, type MaybePromise} from '../utils.ts';
import type {ClaimResult, FreeResult, Listed, OperationId, Store, WriteResult} from '../stores/store.ts';

/** How long a step of the store may take, in milliseconds. */
const STORE_TIMEOUT = 5_000;

/** How long a look at who is alive may take, in milliseconds. */
const GLANCE = 100;

/**
 * A store as the core uses it: bounded in time, what it returns is checked, every failure is a `StoreError`.
 * One that cannot even be opened is replaced by memory for good: `degraded` then says why.
 */
export type GuardedStore = Required<Pick<Store, 'claim' | 'renew' | 'settle' | 'forget' | 'sweep'>> & {
	/** Not checked: by `recordsOf`, or one by one. */
	readonly list: (...asked: Parameters<Store['list']>) => MaybePromise<readonly Listed[]>;
	readonly watch: NonNullable<Store['watch']>;
	/** Where presence fails or hangs there is none: the lease bounds the rest. */
	readonly hold: (owner: string) => MaybePromise<(() => void) | undefined>;
	readonly gone: NonNullable<Store['presence']>['gone'] | undefined;
	readonly degraded: unknown;
	/** How long a claim lasts without a renewal, in milliseconds, where the store says so. */
	readonly lease: number | undefined;
};

export function guardedStore(store: Store, environment: Environment): GuardedStore {
	let current = store;
	let degraded: unknown;

	function step<T>(
		name: string,
		id: OperationId | undefined,
		run: (store: Store) => MaybePromise<T>,
		check?: (result: T) => T,
	): MaybePromise<T> {
		const asked = current;
		const fail = (error: unknown): MaybePromise<T> => {
			if (!isStoreUnavailable(error) || asked !== store) throw storeError(name, id, error);
			// Another step that was under way may have found it out before this one.
			degraded ??= error;
			if (current === store) current = memoryStoreIn(environment);
			return step(name, id, run, check);
		};
		try {
			const result = run(asked);
			if (isPromise(result)) return bounded(environment, result, STORE_TIMEOUT).then(check).catch(fail);
			return check ? check(result) : result;
		} catch (error) {
			return fail(error);
		}
	}

	return {
		claim: (id, claim) => step<ClaimResult>('claim', id, it => it.claim(id, claim), checkClaim),
		renew: (id, renewal) => step<WriteResult>('renew', id, it => it.renew(id, renewal), written),
		settle: (id, settlement) => step<WriteResult>('settle', id, it => it.settle(id, settlement), written),
		forget: (id, freeing) => step<FreeResult>('free', id, it => it.forget(id, freeing), freed),
		list: (...asked) =>
			step<readonly Listed[]>(
				'list',
				undefined,
				it => it.list(...asked),
				all => [...all],
			),
		sweep: () => step('sweep', undefined, it => it.sweep()),
		watch: (id, listener) => current.watch?.(id, listener) ?? (() => undefined),
		hold(owner) {
			const held = current.presence?.hold(owner);
			if (held === undefined || !isPromise(held)) return held;
			return bounded(environment, held, STORE_TIMEOUT).catch(() => {
				held.then(release => release()).catch(() => undefined);
				return undefined;
			});
		},
		get gone() {
			return current.presence?.gone;
		},
		get degraded() {
			return degraded;
		},
		get lease() {
			return current.lease;
		},
	};
}

/** What can be read of a scope, or of one name, and the first error where some of it cannot. */
export async function readable(
	store: GuardedStore,
	scope: string,
	name?: string,
	open?: boolean,
): Promise<{readonly listed: readonly Listed[]; readonly error: StoreError | undefined}> {
	let error: StoreError | undefined;
	const listed: Listed[] = [];
	for (const one of await store.list(scope, name, open))
		try {
			checkListed(one, scope, name);
			listed.push(one);
		} catch (cause) {
			error ??= storeError('list', undefined, cause);
		}

	return {listed, error};
}

/** The same, where all of it counts. */
export async function recordsOf(...asked: Parameters<typeof readable>): Promise<readonly Listed[]> {
	const {listed, error} = await readable(...asked);
	if (error) throw error;
	return listed;
}

/** Whether somebody is at it: a lease that lasts, of an owner that is not known to be gone, at a glance. */
export async function isAlive(
	{gone}: GuardedStore,
	{record: {owner, leaseUntil}, now}: Listed,
	environment: Environment,
): Promise<boolean> {
	if (owner === '' || now >= leaseUntil) return false;
	if (gone === undefined) return true;
	const enough = new AbortController();
	try {
		await bounded(environment, gone(owner, enough.signal), GLANCE);
		return false;
	} catch {
		return true;
	} finally {
		enough.abort();
	}
}

function storeError(step: string, id: OperationId | undefined, cause: unknown): StoreError {
	if (cause instanceof StoreError) return cause;
	const operation = id && (JSON.parse(id.name) as string[]);
	// Some of the platform's own errors come without words.
	const said = cause instanceof Error ? cause.message || cause.name : String(cause);
	const reason = said.slice(0, 300).replace(/\.+$/, '');
	return new StoreError({step, reason, cause, operation});
}

function checkClaim(result: ClaimResult): ClaimResult {
	if (!Number.isFinite(result.now)) throw new TypeError('its answer to a claim lacks the time');
	checkStatus(result, ['claimed', 'busy', 'lapsed', 'settled', 'mismatch', 'other-key', 'key-used']);
	if (result.status !== 'key-used') decodeRecord(result.record);
	return result;
}

const written = checkOf<WriteResult>('done', 'lost');
const freed = checkOf<FreeResult>('freed', 'open', 'changed');

function checkOf<T extends WriteResult | FreeResult>(...statuses: Array<T['status']>): (result: T) => T {
	return result => {
		checkStatus(result, statuses);
		if (result.record !== undefined) decodeRecord(result.record);
		return result;
	};
}

function checkListed({record, now}: Listed, scope: string, name?: string): void {
	if (!Number.isFinite(now)) throw new TypeError('its list lacks the time');
	decodeRecord(record);
	const parts = JSON.parse(record.name) as unknown[];
	const sound = record.scope === scope && (name ?? record.name) === record.name;
	if (!sound || !parts.every(part => typeof part === 'string'))
		throw new TypeError('it lists a record of something else');
}

function checkStatus({status}: {readonly status: string}, statuses: readonly string[]): void {
	if (!statuses.includes(status)) throw new TypeError(`it answered ${String(status)}`);
}
