import type {Clock} from '../../clock.ts';
import type {Asked} from '../asked.ts';
import type {Database, Framed} from '../database.ts';
import {copied, isKept, replayOf} from '../kept.ts';
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
	readonly database: Database<Tx>;
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

/** One transaction: the key, the handler, its answer. */
export async function runOnce<Tx extends object>(place: Place<Tx>, {keyed, handle}: Run<Tx>): Promise<Ending> {
	const {environment, settings, sql, framed, withheld} = place;
	const {bodyLimit, omitHeaders, retention, storeTimeout} = settings;
	const controller = new AbortController();
	let step: 'begin' | 'handler' | 'commit' = 'begin';
	let known: Ending | undefined;
	let tooLate = false;
	const opening = keyed ? [sql.claim(keyed.id, keyed.asked, retention)] : [];

	return new Promise<Ending>(resolve => {
		/** What the database has not answered by then is said all the same. */
		const within = (ending: () => Ending) => environment.timer(() => resolve(ending()), storeTimeout);
		let stop = within(() => {
			tooLate = true;
			return {type: 'unavailable', error: new Error(`no answer within ${storeTimeout} ms`)};
		});

		function leave(ending: Ending): never {
			known = ending;
			controller.abort(new Error('the transaction of this request is rolled back'));
			stop();
			stop = within(() => ending);
			throw rollback;
		}

		const work = framed(opening, async (tx, {rows: claimed}) => {
			if (tooLate) throw rollback;
			const found = keyed && claimed.length === 0 ? await foundBy(place, keyed, tx) : undefined;
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
			stop = within(() => ({type: 'unconfirmed', error: new Error(`no commit within ${storeTimeout} ms`)}));
			return {value: answer.response, ...(keyed && {closing: sql.keep(keyed.id, answer.kept)})};
		});

		work
			.then(
				response => resolve({type: 'answer', response}),
				(error: unknown) => resolve(known ?? endingOf(error, step)),
			)
			.finally(() => stop());
	});
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

/** What is under the key already. `undefined`: it is this run's. */
async function foundBy<Tx>(
	{sql, database, settings}: Place<Tx>,
	{id, asked}: {readonly id: string; readonly asked: Asked},
	tx: Tx,
): Promise<Ending | undefined> {
	const {
		rows: [found],
	} = await database.query(tx, sql.look(id), []);
	if (found === undefined) throw new TypeError('query() of the database gave no rows');
	const {got, there, expired, fingerprint, answer} = found;
	if (there === true && expired === false) {
		if (fingerprint !== asked.fingerprint) return {type: 'answer', response: problem('key-reused')};
		// Somebody has committed within the handler.
		if (answer === null) return {type: 'answer', response: problem('outcome-unknown')};
		return {type: 'answer', response: replayOf(unpackKept(answer as Uint8Array))};
	}

	if (got !== true) return {type: 'busy'};
	const {rows} = there === true ? await database.query(tx, sql.replace(id, asked, settings.retention), []) : {rows: []};
	// Swept in between.
	return rows.length > 0 ? undefined : {type: 'undone'};
}
