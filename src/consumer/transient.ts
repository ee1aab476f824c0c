import {codesOf} from '../server/undone.ts';

/** Classes of SQLSTATE: connection exception, transaction rollback, insufficient resources, operator intervention, system error. And the socket's. */
const codes = /^(?:08|40|53|57|58)...$|^P2034$|^(?:ECONN|EPIPE|ETIMEDOUT|EHOST|ENET|ENOTFOUND|EAI_)/;

/** Pg's own, which have no code. */
const words = /^Connection terminated|not queryable$|^(?:Query read timeout|timeout exceeded when trying to connect)$/;

/** Whether an error is Postgres's or the network's, and says nothing against what was asked. An error of an ORM is looked into. */
export function isTransient(error: unknown): boolean {
	const {message, cause} = Object(error) as {message?: unknown; cause?: unknown};
	if (codesOf(error).some(code => codes.test(String(code))) || words.test(String(message))) return true;
	return cause !== undefined && cause !== error && isTransient(cause);
}
