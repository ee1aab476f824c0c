import type {Clock} from '../../clock.ts';
import type {Asked} from '../asked.ts';
import type {Database, Framed, Rows} from '../database.ts';
import {copied, isKept, replayOf, type Copied} from '../kept.ts';
import {problem} from '../problem.ts';
import {unpackKept} from '../row.ts';
import {isCommitRefused, isTransactionUndone} from '../undone.ts';
import {lend} from './lent.ts';
import type {Settings} from './options.ts';
import {SAVEPOINT, type statementsOn} from './sql.ts';

/** What a transaction came to. */
export type Ending =
	| {readonly type: 'answer'; readonly response: Response}
	/** By the handler; or it has spoiled its transaction. */
	| {readonly type: 'thrown'; readonly error: unknown}
	/** Another transaction is at the key. */
	| {readonly type: 'busy'}
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
export async function runOnce<Tx extends object>(
	{environment, settings, sql, database, framed, withheld}: Place<Tx>,
	{keyed, handle}: Run<Tx>,
): Promise<Ending> {
	const {bodyLimit, omitHeaders, retention, storeTimeout} = settings;
	const controller = new AbortController();
	let step: 'begin' | 'handler' | 'commit' = 'begin';
	let known: Ending | undefined;
	let tooLate = false;
	const opening = keyed ? [sql.claim(keyed.id, keyed.asked, retention), `SAVEPOINT ${SAVEPOINT}`] : [];

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

		const work = framed(opening, async (tx, rows) => {
			if (tooLate) throw rollback;
			const found = keyed && (await foundIn(rows, keyed.asked, async () => database.query(tx, sql.look(keyed.id), [])));
			if (tooLate) throw rollback;
			if (found) leave(found);
			stop();
			step = 'handler';
			const {lent, end} = lend(tx, withheld);
			let [answer, declined]: [Copied | undefined, Response | undefined] = [undefined, undefined];
			try {
				const response = await handle(lent, controller.signal);
				if (!isKept(response.status)) leave({type: 'answer', response});
				answer = await copied(response, bodyLimit, omitHeaders);
			} catch (error) {
				if (error === rollback) throw error;
				if (!(error instanceof Response))
					leave(isTransactionUndone(error) ? {type: 'undone'} : {type: 'thrown', error});
				if (!keyed || !isKept(error.status)) leave({type: 'answer', response: error});
				declined = error;
			} finally {
				end();
			}

			step = 'commit';
			stop = within(() => ({type: 'unconfirmed', error: new Error(`no commit within ${storeTimeout} ms`)}));
			if (declined) await database.query(tx, `ROLLBACK TO SAVEPOINT ${SAVEPOINT}`, []);
			answer ??= await copied(declined ?? Response.error(), bodyLimit, omitHeaders);
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
async function foundIn(
	{rows: [claim]}: Rows,
	{fingerprint}: Asked,
	look: () => Promise<Rows>,
): Promise<Ending | undefined> {
	if (claim === undefined) throw new TypeError('query() of the database gave no rows');
	if (claim['added'] === true) return undefined;
	if (claim['got'] === false) return {type: 'busy'};
	const row = claim['got'] === true ? (await look()).rows[0] : claim;
	// Gone in between.
	if (row === undefined) return {type: 'busy'};
	if (row['fingerprint'] !== fingerprint) return {type: 'answer', response: problem('key-reused')};
	const {answer} = row;
	// Somebody has committed within the handler.
	if (answer === null) return {type: 'answer', response: problem('outcome-unknown')};
	return {type: 'answer', response: replayOf(unpackKept(answer as Uint8Array))};
}
