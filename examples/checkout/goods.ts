/** What the shop sells. Prices are in cents. */
export const goods = [
	{id: 'padlock', name: 'Brass padlock', price: 2400},
	{id: 'key', name: 'Spare key', price: 600},
] as const;

export const cards = [
	{id: '4242', name: 'Visa ending in 4242'},
	{id: '0002', name: 'Visa ending in 0002', declined: true},
] as const;

export type Order = {
	readonly cart: string;
	readonly items: ReadonlyArray<{readonly id: string; readonly quantity: number}>;
	readonly card: string;
};

/** What the order costs, in cents. */
export function totalOf({items}: Pick<Order, 'items'>): number {
	return items.reduce((sum, {id, quantity}) => sum + quantity * (goods.find(good => good.id === id)?.price ?? 0), 0);
}

export function euros(cents: number): string {
	return new Intl.NumberFormat('en-IE', {style: 'currency', currency: 'EUR'}).format(cents / 100);
}
