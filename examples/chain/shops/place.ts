import type {PoolClient} from 'pg';
import type {Order} from '../order.ts';
import type {Parent} from '../parts/child.ts';

/** Writes the message about an order in the transaction of the order. */
export type AddMessage = (tx: PoolClient, number: number) => Promise<unknown>;

/** The effect of a shop: an order, and the message about it, in one transaction. `request` tells whose effect it is. */
export async function place(
	tx: PoolClient,
	{number, amount}: Order,
	{parent, addMessage}: {readonly parent: Parent; readonly addMessage: AddMessage},
	request?: string,
): Promise<void> {
	await parent.dieOf(number, 'shop killed before its effect');
	if (await parent.meets(number, 'shop slow')) await parent.repeated(number);
	await tx.query('INSERT INTO orders (number, amount, request) VALUES ($1, $2, $3)', [number, amount, request]);
	await addMessage(tx, number);
	await parent.dieOf(number, 'shop killed before its commit');
}
