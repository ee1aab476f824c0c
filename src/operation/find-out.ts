import {withCopy} from '../attempt/answer.ts';
import {answerTo} from '../attempt/ask.ts';
import {retryAfter} from '../attempt/retry-after.ts';
import type {Verdict} from '../attempt/verdict.ts';
import {bounded} from '../bounded.ts';
import type {Dialect} from '../dialects/dialect.ts';
import type {Environment} from '../environment.ts';
import {hushed, ifReadable} from '../utils.ts';
import type {Finding} from './attempts.ts';
import type {Flight} from './flight.ts';
import {lookUp, parsed, type Asker} from './look-up.ts';
import type {Operation, Run} from './operations.ts';
import {arePendingDetails, type OperationRecord, type PendingDetails} from './record.ts';
import {saidState} from './state.ts';

// What became of an operation, where the answer to its request does not tell.

type Exists = NonNullable<Verdict['exists']>;

type AskerAbout = Asker & {readonly operation: Operation};

/** By asking the application, and then the server, where the operation is pending. `undefined`: nobody knows. */
export async function findOut(asker: AskerAbout, record: OperationRecord): Promise<Finding | undefined> {
	const said = await reconcile(asker);
	if (said !== undefined) return {state: saidState(said), binding: false, found: true};
	return record.state.status === 'pending' ? askStatus(asker, record) : undefined;
}

/** Within the time of one attempt. An application that fails, or takes too long, does not know. */
async function reconcile(asker: AskerAbout): Promise<'succeeded' | 'refused' | undefined> {
	const {environment, settings, operation, key, remaining, sameScope} = asker;
	const ms = Math.min(settings.timeout, remaining());
	if (settings.reconcile === undefined || key === undefined || ms <= 0) return undefined;
	// Another user's session would find nothing.
	if (!sameScope()) return undefined;
	const ask = async (of: NonNullable<typeof settings.reconcile>) => of({operation: operation.name, key});
	const found = await bounded(environment, ask(settings.reconcile), ms).catch(() => undefined);
	return found === 'succeeded' || found === 'refused' ? found : undefined;
}

/** Whatever says nothing leaves it pending. */
async function askStatus(asker: AskerAbout, record: OperationRecord): Promise<Finding | undefined> {
	const {environment, settings, operation} = asker;
	const {statusRequest} = settings.dialect;
	const url = statusUrlOf(operation, record, settings.dialect);
	if (statusRequest === undefined || url === undefined || !isToBeAsked(operation, environment)) return undefined;
	const answered = await lookUp(asker, url);
	askLater(operation, environment, answered && retryAfter(answered.answer.headers, environment.now()));
	const {answer} = answered ?? {};
	const said = answer && hushed(ifReadable(() => statusRequest.read(answer)));
	if (said !== 'succeeded' && said !== 'refused') return undefined;
	return {state: saidState(said), binding: false, found: true, answer};
}

/** Where the server says what became of an operation that is pending, as far as that is known. */
export function statusUrlOf(
	{result}: Operation,
	{key, pending}: OperationRecord,
	{statusRequest}: Dialect,
): string | undefined {
	if (statusRequest === undefined) return undefined;
	const first = result?.key === key && result.outcome === 'pending' ? result.answer : undefined;
	const url: unknown = pending?.statusUrl ?? (first && ifReadable(() => statusRequest.url(first)));
	return typeof url === 'string' ? url : undefined;
}

/** A server is asked no sooner than this after its last answer, whatever it says, and by default; in milliseconds. */
const SOONEST = 1_000;
const USUAL = 5_000;

/** When to ask again, by what the server said now: wall clock, in milliseconds since the epoch. */
export function askLater(operation: Operation, {now}: Environment, asked?: number): number {
	operation.askAt = now() + Math.max(asked ?? USUAL, SOONEST);
	return operation.askAt;
}

export function isToBeAsked({askAt = 0}: Operation, {now}: Environment): boolean {
	return now() >= askAt;
}

/** Pending by the answer just had: what its caller wants to keep of it, and when to ask what became of it. */
export async function toBeAsked(run: Run, finding: Finding): Promise<Finding> {
	run.progress.retryAt = askLater(run.operation, run.environment, run.progress.verdict?.retryAfter);
	return {...finding, pending: await detailsOf(run)};
}

async function detailsOf(run: Run): Promise<PendingDetails | undefined> {
	const {settings, request, progress} = run;
	const {pending: pick, timeout} = settings;
	const {exchange} = progress;
	if (pick === undefined || exchange?.answer === undefined) return undefined;
	const ask = async () => withCopy(exchange, async copy => pick(copy));
	const details: unknown = await answerTo(run, ask, timeout).catch(() => undefined);
	if (!arePendingDetails(details)) return undefined;
	const statusUrl = details.statusUrl && parsed(details.statusUrl, request.url)?.href;
	return {...details, ...(statusUrl && {statusUrl})};
}

/**
 * Where the server answered that what was asked for exists already, that is fetched. Made under this very key it is the
 * answer to this request. Otherwise only the caller can tell (`matches`), and until then the outcome is unknown.
 */
export async function withWhatExists(run: Flight, {resource}: Exists, finding: Finding): Promise<Finding> {
	const {matches, timeout} = run.settings;
	const isOurs = finding.state.status === 'succeeded';
	if (!isOurs && !matches) return finding;
	const found = resource === undefined ? undefined : await lookUp(run, resource).catch(() => undefined);
	const ask = async () => found && matches && withCopy(found, async copy => matches(copy));
	if (!isOurs && (await answerTo(run, ask, timeout).catch(() => undefined)) !== true) return finding;
	// To send the request again would bring the same answer.
	return {state: saidState('succeeded'), binding: finding.binding, found: true, answer: found?.answer};
}
