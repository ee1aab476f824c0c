import {withCopy} from '../attempt/answer.ts';
import {answerTo} from '../attempt/ask.ts';
import {retryAfter} from '../attempt/retry-after.ts';
import type {Verdict} from '../attempt/verdict.ts';
import {bounded} from '../bounded.ts';
import type {Answered} from '../attempt/send.ts';
import type {Answer, Dialect} from '../dialects/dialect.ts';
import {stopwatch, type Environment} from '../environment.ts';
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
	const {operation, environment, sameScope} = asker;
	const asksServer = record.state.status === 'pending' && isToBeAsked(operation);
	// Nobody else here asks the same meanwhile.
	if (asksServer) askLater(operation, environment, 0);
	const said = await reconcile(asker);
	const finding: Finding | undefined = said && {state: saidState(said), binding: false, found: true};
	const found = finding ?? (asksServer ? await askStatus(asker, record) : undefined);
	// Who has signed in meanwhile was asked about somebody else's.
	return sameScope() ? found : undefined;
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
	let asked: number | undefined;
	const seen = (headers: Headers) => {
		asked = retryAfter(headers, environment.now());
	};
	const answered = url === undefined ? undefined : await lookUp(asker, url, seen);
	askLater(operation, environment, asked);
	if (answered === undefined) return undefined;
	const {answer} = answered;
	const said = hushed(ifReadable(() => statusRequest?.read(answer)));
	const whole = wholeOf(answered);
	if (said !== 'succeeded' && said !== 'refused') return undefined;
	return {state: saidState(said), binding: false, found: true, answer: whole};
}

/** One that was not read to its end is nobody's, and is held open by nobody. */
function wholeOf({answer, stream, abort}: Answered): Answer | undefined {
	if (stream) abort();
	return stream ? undefined : answer;
}

/** Where the server says what became of an operation that is pending, as far as that is known. */
export function statusUrlOf(
	{result}: Operation,
	{key, pending}: OperationRecord,
	{statusRequest}: Dialect,
): string | undefined {
	if (statusRequest === undefined) return undefined;
	const first = result?.key === key && result.outcome === 'pending' ? result.answer : undefined;
	const url: unknown = pending?.statusUrl ?? (first && hushed(ifReadable(() => statusRequest.url(first))));
	return typeof url === 'string' ? url : undefined;
}

/** A server is asked no sooner than this after its last answer, whatever it says, and by default; in milliseconds. */
const SOONEST = 1_000;
const USUAL = 5_000;
/** Without a word of the server each wait is half as long again as the last, up to a minute: some payments take days. */
const GROWTH = 1.5;
const PATIENT = 60_000;
/** A day. No timer may take much longer. */
const LATEST = 86_400_000;

/** When to ask again, by what the server said now: wall clock, in milliseconds since the epoch. */
export function askLater(operation: Operation, environment: Environment, asked?: number): number {
	const {usual = USUAL} = operation.question ?? {};
	const wait = Math.min(Math.max(asked ?? usual, SOONEST), LATEST);
	const elapsed = stopwatch(environment);
	const at = environment.now() + wait;
	const next = asked === undefined ? Math.min(usual * GROWTH, PATIENT) : usual;
	operation.question = {at, left: () => Math.max(0, Math.ceil(wait - elapsed())), usual: next};
	return at;
}

export function isToBeAsked({question}: Operation): boolean {
	return question === undefined || question.left() === 0;
}

/** Pending by the answer just had: what its caller wants to keep of it, and when to ask what became of it. */
export async function toBeAsked(run: Run, finding: Finding): Promise<Finding> {
	run.operation.question = undefined;
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
	const isIt = isOurs || (await answerTo(run, ask, timeout).catch(() => undefined)) === true;
	const answer = found && wholeOf(found);
	// To send the request again would bring the same answer.
	return isIt ? {state: saidState('succeeded'), binding: finding.binding, found: true, answer} : finding;
}
