import {randomUUID} from 'node:crypto';
import {expect, test} from 'vitest';
import type {Store} from '../../src/stores/store.ts';
import {memoryStore} from '../../src/stores/memory.ts';
import {engines} from '../fleet/engine.ts';
import {claimOf} from './claim-of.ts';

test.each(['sqlite', 'redis', 'postgres'] as const)(
	'%s finds what is open without what has been settled',
	{timeout: 60_000},
	async kind => {
		const {store, stop} = await engines[kind]();
		try {
			const scope = randomUUID();
			await paidAndOpen(store, scope);
			const open = await store.list(scope, undefined, true);
			expect(open.map(({record}) => record.name).toSorted()).toEqual(['again', 'open']);
			expect(await store.list(scope)).toHaveLength(4);
		} finally {
			await stop();
		}
	},
);

test('a store may give the others, too', async () => {
	const store = memoryStore();
	await paidAndOpen(store, '');
	expect(await store.list('', undefined, true)).toHaveLength(4);
});

async function paidAndOpen(store: Store, scope: string): Promise<void> {
	const settled = {key: 'key-1', owner: 'ann', token: 1, fenced: false, keepAnswer: false} as const;
	for (const name of ['paid', 'open', 'freed', 'again']) await store.claim({scope, name}, claimOf());
	await store.settle({scope, name: 'paid'}, {...settled, state: {status: 'succeeded'}});
	await store.forget({scope, name: 'freed'}, {key: 'key-1', how: 'force'});
	await store.settle({scope, name: 'again'}, {...settled, state: {status: 'refused'}});
	await store.claim({scope, name: 'again'}, claimOf({key: 'key-2'}));
}
