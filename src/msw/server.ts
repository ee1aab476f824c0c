import {clock} from '../clock.ts';
import type {Dialect} from '../dialects/dialect.ts';
import {latchkey} from '../dialects/latchkey.ts';
import {rowFor} from '../dialects/answers.ts';
import type {EntryStore} from '../server/entry.ts';
import {idempotentIn} from '../server/guard.ts';
import {scopeOf} from '../server/identity.ts';
import {isKept} from '../server/kept.ts';
import {keyOf} from '../server/key.ts';
import {memoryEntriesIn} from '../server/memory.ts';
import type {Operation} from '../server/operation.ts';
import {compares, isGuard, keeps, savedBy, say, translated} from './answers.ts';
import type {Plan} from './faults.ts';
import type {IdempotentEndpointOptions} from './options.ts';

/** One request as it arrived, what goes wrong with it, and the work that it asks for. */
export type Attempt = {
	readonly request: Request;
	readonly body: Uint8Array<ArrayBuffer>;
	readonly plan: Plan;
	/** `undefined`: this endpoint has nothing to say. */
	readonly work: () => Promise<Response | undefined>;
};

/** What the guard is handed: the attempt, and what became of it if it ran. */
type Run = Attempt & {ran?: {readonly response: Response | undefined}};

/** A server as an API has it. */
export type Server = {
	/** The key that the request bears, as it was written but for quotes; `null` where it bears none. */
	readonly keyIn: (attempt: Pick<Attempt, 'request' | 'body'>) => string | null;
	readonly serve: (attempt: Attempt) => Promise<Response | undefined>;
	/** From now on the retention of all that was answered is over. */
	readonly forget: () => void;
};

const DAY = 86_400_000;

/** Ends a run that leaves no answer under its key. */
const unanswered = new Error('unanswered');

/** Waits by timers that tests may fake. */
export async function waited(wait: number | Promise<unknown> = 0): Promise<void> {
	if (wait === 0) return;
	await (typeof wait === 'number' ? new Promise<void>(resolve => clock.timer(resolve, wait)) : wait);
}

/** Runs what is asked for once for each key, by the guard, and says it as the dialect does. */
export function serverOf(method: string, options: IdempotentEndpointOptions): Server {
	const {dialect = latchkey, scope = null} = options;
	const {profile = latchkey.profile} = dialect;
	const {retention = dialect.retention ?? DAY} = options;
	const asGuard = isGuard(profile);
	const honours = profile.methods.includes(method.toUpperCase());
	const asks = asGuard || rowFor(profile, 'key-missing') !== undefined;
	// By itself the guard decides, which is in doubt about a 500.
	const byGuard = asGuard && options.saves === undefined;
	const isSaved = (status: number) => (byGuard ? isKept(status) : keeps(options.saves ?? savedBy(profile), status));
	const {store, forget} = entriesFor(retention);

	const guard = idempotentIn<[run: Run]>(
		// A run is never taken over, so that nothing has to be renewed: a test that runs all its timers comes to an end.
		{
			...clock,
			uuid: () => crypto.randomUUID(),
			timer: (callback, ms, holds) => (holds === false ? () => undefined : clock.timer(callback, ms)),
		},
		(_, operation, run) => handle(run, operation),
		{
			store,
			scope: scope && (async (_, {request}) => scope(request.clone())),
			retention,
			required: honours && (options.required ?? asks),
			bodyLimit: Number.MAX_SAFE_INTEGER,
			...(!compares(profile) && {fingerprint: () => ''}),
		},
	);

	async function handle(run: Run, operation: Operation): Promise<Response> {
		const {plan, work} = run;
		if (plan.pending !== undefined) {
			const response = say(profile, 'pending');
			run.ran = {response};
			void finish(run, operation.idempotencyKey).catch(() => undefined);
			return operation.pending(response.clone());
		}

		await waited(plan.hold);
		const response = await work().catch((error: unknown) => {
			// A crash is an answer that is not kept; the guard alone has doubts about it.
			if (!byGuard) operation.undone();
			throw error;
		});
		run.ran = {response};
		if (plan.saved === 'doubt') throw unanswered;
		if (plan.saved === 'status') return operation.pending(statusOf(plan));
		const isAnswer = plan.saved !== 'nothing' && response !== undefined && response.type !== 'error';
		if (isAnswer && byGuard) return response.clone();
		if (isAnswer && isSaved(response.status))
			return isKept(response.status) ? response.clone() : operation.pending(response.clone());
		operation.undone();
		throw unanswered;
	}

	/** Once what was pending is done. An API that has a URL to ask about it goes on repeating its first answer. */
	async function finish({request, plan, work}: Run, key: string | undefined): Promise<void> {
		const whose = scope && (await scope(request.clone()));
		await waited(plan.pending);
		const response = await work();
		if (key === undefined || response === undefined || response.type === 'error' || profile.status) return;
		const subject = {
			scope: await scopeOf(typeof whose === 'string' ? whose : null),
			method: request.method,
			path: new URL(request.url).pathname,
			key,
		};
		await guard.resolve(subject, isSaved(response.status) ? response.clone() : 'undone');
	}

	function rawKey({request, body}: Pick<Attempt, 'request' | 'body'>): string | null {
		const found = dialect.carrier
			? dialect.carrier.read({url: request.url, body})
			: request.headers.get(dialect.header);
		if (found === undefined || found === null) return null;
		return typeof found === 'string' ? found : '';
	}

	return {
		forget,
		keyIn(attempt) {
			const raw = rawKey(attempt);
			return (raw !== null && keyOf(headersOf(raw))) || raw;
		},
		async serve(attempt) {
			const run: Run = {...attempt};
			const {request, body, plan} = attempt;
			if (plan.says !== undefined) return say(profile, plan.says);
			const raw = honours ? rawKey(attempt) : null;
			const key = raw === null ? null : keyOf(headersOf(raw));
			if (key && !takes(dialect, key)) return say(profile, 'key-malformed');
			const headers = new Headers(request.headers);
			headers.delete('idempotency-key');
			if (raw !== null) headers.set('idempotency-key', key ?? '');
			const {method: its, url} = request;
			let response;
			try {
				response = await guard(new Request(url, {method: its, headers, ...(body.length > 0 && {body})}), run);
			} catch (error) {
				if (error !== unanswered) throw error;
			}

			return run.ran ? run.ran.response : response && translated(profile, response);
		},
	};
}

/** What a caller meets instead of the answer, where it is one. */
export function statusOf({failure}: Plan): Response {
	const {status, headers} = failure ?? {status: 500};
	return new Response(null, {status: typeof status === 'number' ? status : 500, ...(headers && {headers})});
}

/** Of text that no header could bear there is no key. */
function headersOf(raw: string): Headers {
	return new Headers({'idempotency-key': /^[ -~]*$/.test(raw) ? raw : ''});
}

function takes({checkKey}: Dialect, key: string): boolean {
	try {
		checkKey?.(key);
		return true;
	} catch {
		return false;
	}
}

/** Entries in memory, whose runs last as long as they take. */
function entriesFor(retention: number): {readonly store: EntryStore; readonly forget: () => void} {
	let ahead = 0;
	const entries = memoryEntriesIn({now: () => clock.now() + ahead});
	return {
		store: {
			...entries,
			begin: (id, beginning) => entries.begin(id, {...beginning, lease: Infinity}),
			// A guard keeps no failure, but for the time being.
			answer: (id, hold) =>
				entries.answer(id, {...hold, retention: hold.answer.status < 400 ? hold.retention : retention}),
		},
		forget() {
			ahead += retention;
		},
	};
}
