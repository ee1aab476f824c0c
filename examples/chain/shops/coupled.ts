import type {Pool, PoolClient} from 'pg';
import {transactional} from '../../../src/server/postgres.ts';
import type {Order} from '../order.ts';
import type {Parent} from '../parts/child.ts';
import {place, type AddMessage} from './place.ts';

/** A shop whose guard keeps key and answer in the transaction of the order: there is no moment between them. */
export async function coupledShop(
	pool: Pool,
	addMessage: AddMessage,
	parent: Parent,
): Promise<(request: Request) => Promise<Response>> {
	const inTransaction = transactional<PoolClient>({database: pool, scope: null, name: 'orders'});
	await inTransaction.setup();
	const shop = inTransaction(async (request, {tx}) => {
		const order = (await request.json()) as Order;
		await place(tx, order, {parent, addMessage});
		return Response.json({order: order.number}, {status: 201});
	});
	return async request => {
		const {number} = (await request.clone().json()) as Order;
		const response = await shop(request);
		if (response.ok) await parent.dieOf(number, 'shop killed after its commit');
		return response;
	};
}
