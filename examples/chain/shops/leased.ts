import type {Pool} from 'pg';
import type {Redis} from 'ioredis';
import {idempotent, type Guard} from '../../../src/server/index.ts';
import {redisEntries} from '../../../src/server/redis.ts';
import type {Order} from '../order.ts';
import type {Parent} from '../parts/child.ts';
import {inTransaction} from '../parts/database.ts';
import {place, type AddMessage} from './place.ts';

type Entries = {readonly client: Redis; readonly prefix: string};

const options = {scope: null, name: 'orders', lease: 2_000, effects: 'marked'} as const;

/**
 * A shop whose guard keeps its entries in Redis, apart from the effect. A process that dies between the two leaves a doubt:
 * the key is answered 409 until somebody has found out.
 */
export function leasedShop({client, prefix}: Entries, pool: Pool, addMessage: AddMessage, parent: Parent): Guard<[]> {
	return idempotent<[]>(
		async (request, operation) => {
			const order = (await request.json()) as Order;
			await operation.effect(async () =>
				inTransaction(pool, async tx => place(tx, order, {parent, addMessage}, operation.key('order'))),
			);
			await parent.dieOf(order.number, 'shop killed after its commit');
			return Response.json({order: order.number}, {status: 201});
		},
		{...options, store: redisEntries({client, prefix})},
	);
}

/** The job that finds out: it looks for the order by the key that its run had. */
export function leasedJob({client, prefix}: Entries, pool: Pool): Guard<[]> {
	return idempotent<[]>(() => new Response(null, {status: 500}), {
		...options,
		store: redisEntries({client, prefix}),
		async reconcile(_entry, {key}) {
			const found = await pool.query<{number: number}>('SELECT number FROM orders WHERE request = $1', [key('order')]);
			const [order] = found.rows;
			return order ? Response.json({order: order.number}, {status: 201}) : 'undone';
		},
	});
}
