import type {Entry, EntryStore, KeptAnswer} from '../server/entry.ts';
import {idOf} from '../server/identity.ts';
import {stepsOn, type GuardEnvironment} from '../server/steps.ts';
import type {MaybePromise} from '../utils.ts';
import {MessageBusyError} from './errors.ts';
import type {Message} from './message.ts';
import {deliveredOf, lastError, subjectOf, type Delivered, type Item, type Ran, type Runs} from './runs.ts';

/** What a handler is told of a message that is held by a lease. */
export type LeasedDelivery<M extends Message = Message> = Delivered<M> & {
	/** Aborts when the lease is lost: another consumer may be at the message. */
	readonly signal: AbortSignal;
};

type Settings<M> = {
	readonly store: EntryStore;
	readonly consumer: string;
	readonly window: number;
	readonly lease: number;
	readonly storeTimeout: number;
	readonly lost: (message: M, id: string) => void;
};

/** What an entry says of its message, in an answer's terms. */
const PROCESSED = 200;
const SKIPPED = 410;
const FAILED = 500;

/** How many of those that are left over are swept at once. */
const SWEEP_BATCH = 1_000;

/** The effect, and then its record: a crash between the two has it run again. */
export function byLease<M extends Message>(
	environment: GuardEnvironment,
	handler: (delivery: LeasedDelivery<M>) => MaybePromise<void>,
	{store, consumer, window, lease, storeTimeout, lost}: Settings<M>,
): Runs<M> {
	const steps = stepsOn({environment, store, lease, storeTimeout});
	const placeOf = async (id: string) => ({id: await idOf(subjectOf(consumer, id)), tell: () => undefined});

	async function run(item: Item<M>): Promise<Ran> {
		const {id, fingerprint} = item.arrival;
		const place = await placeOf(id);
		const beginning = {
			subject: subjectOf(consumer, id),
			fingerprint,
			owner: environment.uuid(),
			lease,
			mayHaveActed: true,
			onLapsed: 'reexecute',
		} as const;
		let before = {attempts: 0, dead: false};
		let begun = await steps.begin(place, beginning);
		if (begun.status === 'answered' && begun.entry.answer?.status === FAILED) {
			before = failureOf(begun.entry);
			await store.resolve(place.id, 'undone');
			begun = await steps.begin(place, beginning);
		}

		const {status, entry, now} = begun;
		if (status === 'reused') return {status};
		if (status === 'answered') return {status: entry.answer?.status === SKIPPED ? 'skipped' : 'duplicate'};
		if (status !== 'begun') throw new MessageBusyError(id, Math.max(0, entry.leaseUntil - now));

		const controller = new AbortController();
		const lose = () => {
			controller.abort(new Error('the lease is lost: another consumer may be at the message'));
			lost(item.message, id);
		};
		const end = steps.keep(place, entry, lose);
		const attempt = before.attempts + 1;
		try {
			await handler({...deliveredOf(consumer, item, attempt), signal: controller.signal});
		} catch (error) {
			end();
			await steps.answer(place, entry, failed({...before, attempts: attempt}, lastError(error)), undefined);
			return {status: 'failed', error, attempts: attempt, dead: before.dead};
		}

		end();
		const {status: kept} = await steps.answer(place, entry, answer(PROCESSED), window);
		if (kept === 'lost' && !controller.signal.aborted) lost(item.message, id);
		return {status: 'processed', attempt};
	}

	async function sweep(): Promise<number> {
		let swept = await store.sweep();
		for (const {entry, now} of await store.unsettled(consumer, SWEEP_BATCH)) {
			if (entry.state !== 'answered' || now - entry.createdAt < window) continue;
			const {status} = await store.resolve((await placeOf(entry.subject.key)).id, 'undone');
			swept += Number(status === 'resolved');
		}

		return swept;
	}

	return {
		run,
		runAll: async () => undefined,
		async mark(id, as, attempts) {
			const found = as === 'dead' ? failed({attempts, dead: true}) : answer(SKIPPED);
			const kept = as === 'new' ? 'undone' : {answer: found, retention: undefined};
			const {status} = await store.resolve((await placeOf(id)).id, kept);
			return status === 'resolved';
		},
		sweep,
	};
}

function answer(status: number, headers: KeptAnswer['headers'] = []): KeptAnswer {
	return {status, statusText: '', headers, body: null};
}

function failed({attempts, dead}: {attempts: number; dead: boolean}, error = ''): KeptAnswer {
	return answer(FAILED, [
		['attempts', String(attempts)],
		['dead', String(dead)],
		['error', error],
	]);
}

function failureOf(entry: Entry): {attempts: number; dead: boolean} {
	const {attempts, dead} = Object.fromEntries(entry.answer?.headers ?? []);
	return {attempts: Number(attempts ?? 0), dead: dead === 'true'};
}
