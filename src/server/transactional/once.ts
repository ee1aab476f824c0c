import type {Clock} from '../../clock.ts';
import type {Asked} from '../asked.ts';
import {countOf, type Counted, type Framed, type Last, type Limit} from '../database.ts';
import {copied, isKept, replayOf, responseOf} from '../kept.ts';
import {problem} from '../problem.ts';
import {unpackKept} from '../row.ts';
import {isCommitRefused, isTransactionUndone} from '../undone.ts';
import {lend} from './lent.ts';
import type {Settings} from './options.ts';
import type {statementsOn} from './sql.ts';

/** What a transaction came to. */
export type Ending =
	| {readonly type: 'answer'; readonly response: Response}
	/** By the handler; or it has spoiled its transaction. */
	| {readonly type: 'thrown'; readonly error: unknown}
	/** Another transaction is at the key. */
	| {readonly type: 'busy'}
	/** By the handler, with an answer: none of its writes is there, and the answer is to be kept. */
	| {readonly type: 'declined'; readonly response: Response}
	/** The database undid it because of another one. */
	| {readonly type: 'undone'}
	/** Nothing was run. */
	| {readonly type: 'unavailable'; readonly error: unknown}
	/** Nobody has said whether it was committed. */
	| {readonly type: 'unconfirmed'; readonly error: unknown};

export type Place<Tx> = {
	readonly environment: Clock;
	readonly settings: Pick<Settings<Tx, readonly never[]>, 'bodyLimit' | 'omitHeaders' | 'retention' | 'storeTimeout'>;
	readonly sql: ReturnType<typeof statementsOn>;
	readonly framed: Framed<Tx>;
	/** Methods of a transaction that are not for handlers. */
	readonly withheld: readonly string[];
};

export type Run<Tx> = {
	/** `undefined`: there is no key. */
	readonly keyed?: {readonly id: string; readonly asked: Asked};
	readonly handle: (tx: Tx, signal: AbortSignal) => Promise<Response>;
};

/** Ends a transaction without a trace. What is to be said is known by then. */
const rollback = new Error('the transaction is rolled back: there is nothing to keep');

/** The key, the handler, its answer, in one transaction. */
export async function runOnce<Tx extends object>(place: Place<Tx>, run: Run<Tx>): Promise<Ending> {
	const {sql, settings} = place;
	const {keyed} = run;
	const ending = await runIn(place, run, keyed && sql.claim(keyed.id, keyed.asked, settings.retention));
	if (ending.type !== 'expired' || !keyed) return ending as Ending;
	const instead = await runIn(place, run, sql.replace(keyed.id, keyed.asked, settings.retention));
	// Another one has replaced it, whose transaction is over.
	return instead.type === 'expired' ? {type: 'undone'} : instead;
}

type Found = Ending | {readonly type: 'expired'};

/** `opening`: makes the key this transaction's, or writes nothing. */
function runIn<Tx extends object>(
	{environment, settings, sql, framed, withheld}: Place<Tx>,
	{keyed, handle}: Run<Tx>,
	opening: string | undefined,
): Promise<Found> {
	const {bodyLimit, omitHeaders, storeTimeout} = settings;
	const controller = new AbortController();
	let step: 'begin' | 'handler' | 'commit' = 'begin';
	let known: Found | undefined;
	let tooLate = false;
	const {limit, giveUp} = limits();

	return new Promise<Found>(resolve => {
		/** What the database has not answered by then is said all the same. */
		function within(ending: (error: Error) => Found): () => void {
			return environment.timer(() => {
				const error = new Error(`no answer within ${storeTimeout} ms`);
				resolve(ending(error));
				giveUp(error);
			}, storeTimeout);
		}

		let stop = within(error => {
			tooLate = true;
			return {type: 'unavailable', error};
		});

		function leave(ending: Found): never {
			known = ending;
			controller.abort(new Error('the transaction of this request is rolled back'));
			stop();
			stop = within(() => ending);
			throw rollback;
		}

		async function run(tx: Tx, opened: Counted, last: Last) {
			if (tooLate) throw rollback;
			const found = keyed && countOf(opened) === 0 ? await foundBy(sql.look(keyed.id), keyed.asked, last) : undefined;
			if (tooLate) throw rollback;
			if (found) leave(found);
			stop();
			step = 'handler';
			const {lent, end} = lend(tx, withheld);
			let answer;
			try {
				const response = await handle(lent, controller.signal);
				if (!isKept(response.status)) leave({type: 'answer', response});
				answer = await copied(response, bodyLimit, omitHeaders);
			} catch (error) {
				if (error === rollback) throw error;
				if (error instanceof Response)
					leave({type: keyed && isKept(error.status) ? 'declined' : 'answer', response: error});
				leave(isTransactionUndone(error) ? {type: 'undone'} : {type: 'thrown', error});
			} finally {
				end();
			}

			step = 'commit';
			stop = within(error => ({type: 'unconfirmed', error}));
			return {value: answer.response, ...(keyed && {closing: sql.keep(keyed.id, answer.kept)})};
		}

		framed(opening, run, limit).then(
			response => {
				stop();
				resolve({type: 'answer', response});
			},
			(error: unknown) => {
				stop();
				resolve(known ?? endingOf(error, step));
			},
		);
	});
}

/** What is waited for until it is given up, once and for all: a connection that comes later is not waited for either. */
function limits(): {readonly limit: Limit; readonly giveUp: (error: Error) => void} {
	let late: Error | undefined;
	let end: ((error: Error) => void) | undefined;
	return {
		limit: work =>
			new Promise((resolve, reject) => {
				end = reject;
				if (late) reject(late);
				work.then(resolve, reject);
			}),
		giveUp(error) {
			late = error;
			end?.(error);
		},
	};
}

function endingOf(error: unknown, step: 'begin' | 'handler' | 'commit'): Ending {
	if (isTransactionUndone(error)) return {type: 'undone'};
	if (step === 'begin') return {type: 'unavailable', error};
	if (step === 'handler') return {type: 'thrown', error};
	if (!isCommitRefused(error)) return {type: 'unconfirmed', error};
	const spoiled =
		'the transaction was rolled back: the handler has caught the error of a statement, has ended the transaction itself, or breaks a constraint that is checked at the end';
	return {type: 'thrown', error: new Error(spoiled, {cause: error})};
}

/** What is under the key already. */
async function foundBy(look: string, asked: Asked, last: Last): Promise<Found> {
	const {
		rows: [found],
	} = await last(look);
	if (found === undefined) throw new TypeError('query() of the database gave no rows');
	const {got, there, expired, fingerprint, answer} = found;
	if (there === true && expired === false) {
		if (fingerprint !== asked.fingerprint) return {type: 'answer', response: responseOf(problem('key-reused'))};
		// Somebody has committed within the handler.
		if (answer === null) return {type: 'answer', response: responseOf(problem('outcome-unknown'))};
		return {type: 'answer', response: responseOf(replayOf(unpackKept(answer as Uint8Array)))};
	}

	if (got !== true) return {type: 'busy'};
	// Where it is not there, it has been swept in between.
	return {type: there === true ? 'expired' : 'undone'};
}
