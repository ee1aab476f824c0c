import {cards, goods, type Order} from '../goods.ts';

/** What is in the cart. It outlives a reload, and all tabs show the same. */
export type Cart = {
	readonly order: () => Order;
	readonly change: (by: (order: Order) => Order) => void;
	/** Keeps a copy of what is being paid for, and puts that back into the cart. */
	readonly keep: () => void;
	readonly putBack: () => void;
	/** Calls back at every change, in other tabs too. */
	readonly onChange: (listener: () => void) => void;
};

const PLACE = 'cart';
const COPY = 'cart-being-paid';

export function openCart(): Cart {
	const listeners = new Set<() => void>();
	let order = stored(PLACE) ?? newOrder();
	localStorage.setItem(PLACE, JSON.stringify(order));

	function changed(): void {
		for (const listener of listeners) listener();
	}

	addEventListener('storage', ({key}) => {
		if (key !== PLACE) return;
		order = stored(PLACE) ?? order;
		changed();
	});

	function change(next: Order): void {
		order = next;
		localStorage.setItem(PLACE, JSON.stringify(order));
		changed();
	}

	return {
		order: () => order,
		change(by) {
			change(by(order));
		},
		keep() {
			localStorage.setItem(COPY, JSON.stringify(order));
		},
		putBack() {
			change(stored(COPY) ?? order);
		},
		onChange(listener) {
			listeners.add(listener);
		},
	};
}

function newOrder(): Order {
	return {
		cart: crypto.randomUUID(),
		items: goods.map(({id}) => ({id, quantity: 1})),
		card: cards[0].id,
	};
}

function stored(place: string): Order | undefined {
	const text = localStorage.getItem(place);
	return text === null ? undefined : (JSON.parse(text) as Order);
}

export function withQuantity(order: Order, id: string, quantity: number): Order {
	return {...order, items: order.items.map(item => (item.id === id ? {id, quantity} : item))};
}
