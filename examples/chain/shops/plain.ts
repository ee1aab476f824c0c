import type {Pool} from 'pg';
import type {Order} from '../order.ts';
import type {Parent} from '../parts/child.ts';
import {inTransaction} from '../parts/database.ts';
import {place} from './place.ts';

/** A shop as most are: each request is a new order. */
export function plainShop(pool: Pool, parent: Parent): (request: Request) => Promise<Response> {
	const addMessage = async (tx: Pick<Pool, 'query'>, number: number) =>
		tx.query('INSERT INTO outbox (number) VALUES ($1)', [number]);
	return async request => {
		const order = (await request.json()) as Order;
		await inTransaction(pool, async tx => place(tx, order, {parent, addMessage}));
		await parent.dieOf(order.number, 'shop killed after its commit');
		return Response.json({order: order.number}, {status: 201});
	};
}
