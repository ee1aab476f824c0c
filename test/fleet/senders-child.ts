import {contentKey, createFetch, memoryStore, outcomeOf, type FetchOptions} from '../../src/index.ts';
import {forAll, performTasks} from './child.ts';

export type SendersTask = {
	/** An order each: its name, and where it is sent. */
	readonly orders: ReadonlyArray<{readonly name: string; readonly url: string}>;
	/** How its key is made. */
	readonly by: 'idempotencyKey' | 'keyFrom' | 'contentKey';
	/** `anywhere`: over a store of this process alone. */
	readonly keySenders: 'this-store' | 'anywhere';
};

/** What a server action tells of a press: whether to renew its key is for the one who made it. */
export type Pressed = {readonly outcome: string; readonly keyKept: boolean; readonly key: string | undefined};

const memory = memoryStore();

await performTasks(async (shared, task) => {
	const {orders, by, keySenders} = task as SendersTask;
	const derived: FetchOptions['keyFrom'] = ({operation, previousKey = 'first'}) => `${operation.join()}-${previousKey}`;
	const fetch = createFetch({
		store: keySenders === 'this-store' ? shared : memory,
		keySenders,
		scope: null,
		retry: 0,
		...(by === 'keyFrom' && {keyFrom: derived}),
		...(by === 'contentKey' && {keyFrom: contentKey()}),
	});
	const pressed: Record<string, Pressed> = {};
	await forAll(
		orders.map(({name}) => name),
		orders.length,
		async name => {
			const url = orders.find(order => order.name === name)?.url ?? '';
			const own = by === 'idempotencyKey' && {idempotencyKey: `key-of-${name}`};
			const {outcome, keyKept, key} = await outcomeOf(
				fetch(url, {method: 'POST', body: name, operation: ['order', name], ...own}),
			);
			pressed[name] = {outcome, keyKept, key};
		},
	);
	return pressed;
});
