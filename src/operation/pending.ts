import {withCopy} from '../attempt/answer.ts';
import {answerTo} from '../attempt/ask.ts';
import type {AttemptsResult} from '../attempt/progress.ts';
import {retryAfter} from '../attempt/retry-after.ts';
import type {Answered} from '../attempt/send.ts';
import type {Dialect} from '../dialects/dialect.ts';
import type {Environment} from '../environment.ts';
import {hushed, ifReadable} from '../utils.ts';
import type {Finding} from './conclude.ts';
import {lookUp, parsed, type Asker} from './look-up.ts';
import type {Run} from './named-run.ts';
import type {Operation} from './operations.ts';
import {arePendingDetails, type OperationRecord, type PendingDetails} from './record.ts';
import {saidState} from './state.ts';

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
export async function toBeAsked(run: Run, {exchange, verdict}: AttemptsResult, finding: Finding): Promise<Finding> {
	run.progress.retryAt = askLater(run.operation, run.environment, verdict?.retryAfter);
	return {...finding, pending: exchange?.answer && (await detailsOf(run, exchange))};
}

async function detailsOf(run: Run, answered: Answered): Promise<PendingDetails | undefined> {
	const {settings, request} = run;
	const {pending: pick} = settings;
	if (pick === undefined) return undefined;
	const ask = async () => withCopy(answered, async copy => pick(copy));
	const details: unknown = await answerTo(run, ask, settings.timeout).catch(() => undefined);
	if (!arePendingDetails(details)) return undefined;
	const statusUrl = details.statusUrl && parsed(details.statusUrl, request.url)?.href;
	return {...details, ...(statusUrl && {statusUrl})};
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

/** Asks the server what became of an operation that is pending. Whatever says nothing leaves it so. */
export async function askStatus(
	asker: Asker & {readonly operation: Operation},
	record: OperationRecord,
): Promise<Finding | undefined> {
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
