import type {PendingDetails} from './operation/record.ts';
import type {MaybePromise} from './utils.ts';

/** What an application tells of outcomes, where the answer of the server does not. */
export type OutcomeOptions = {
	/**
	 * What a 2xx answer means, for servers that say no with a 200, or answer before they are done. `undefined`: it succeeded.
	 * `'pending'`: taken and not finished; the operation stays open, under its key. It may read the response, and has the time
	 * of the attempt. Where it throws, nothing is settled.
	 *
	 * @example
	 * createFetch({
	 *   async judge(response) {
	 *     const {status} = (await response.json()) as {status: string};
	 *     return status === 'declined' ? 'refused' : undefined;
	 *   },
	 * });
	 */
	readonly judge?: (response: Response) => MaybePromise<'succeeded' | 'refused' | 'pending' | undefined>;
	/**
	 * What to keep at rest of an answer that says that the operation is pending, until it is settled: `statusUrl`, where to ask
	 * what became of it (relative to the URL of the request), and whatever the page needs to go on, such as where to send the
	 * customer. It may hold a secret, so that nothing is kept without it. `OperationHandle.pending()` gives it. Where it throws,
	 * nothing is kept.
	 *
	 * @default nothing is kept
	 * @example
	 * createFetch({
	 *   judge: ({status}) => (status === 202 ? 'pending' : undefined),
	 *   pending: ({headers}) => ({statusUrl: headers.get('location') ?? undefined}),
	 * });
	 */
	readonly pending?: (response: Response) => MaybePromise<PendingDetails | undefined>;
	/**
	 * Whether what the server says exists already is what this call asked for: it gets the answer of a GET for it. `true`: the
	 * operation has succeeded. Anything else, or an error: its outcome stays unknown.
	 *
	 * @example
	 * createFetch({matches: async response => ((await response.json()) as {cart?: string}).cart === cart.id});
	 */
	readonly matches?: (resource: Response) => MaybePromise<boolean>;
	/**
	 * Finds out what became of an operation, for instance by a GET. Asked at most once a call, within `timeout`:
	 * where the key cannot be sent (any more, or while a clock is set back), or when the attempts end without an outcome.
	 * Also asked when an operation that is pending is called again. `undefined`, or an error: nobody knows. Say `'refused'` only of what did not happen *and will not*: it frees the key.
	 *
	 * @example
	 * createFetch({
	 *   async reconcile({key}) {
	 *     const answer = await fetch(`/orders?key=${key}`);
	 *     if (!answer.ok) return undefined;
	 *     const found = (await answer.json()) as unknown[];
	 *     return found.length > 0 ? 'succeeded' : undefined;
	 *   },
	 * });
	 */
	readonly reconcile?: (operation: {
		readonly operation: readonly string[];
		readonly key: string;
	}) => MaybePromise<'succeeded' | 'refused' | undefined>;
};
