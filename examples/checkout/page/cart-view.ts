import {cards, euros, goods, totalOf} from '../goods.ts';
import {withQuantity, type Cart} from './cart.ts';
import {byId, make} from './dom.ts';

/** The cart and the cards. Elements stay, only what they say changes, so that the focus stays too. */
export function showCart(cart: Cart): void {
	const refreshers = [...goods.map(good => showGood(cart, good)), showCards(cart)];
	const refresh = () => {
		for (const refresher of refreshers) refresher();
		byId('total').textContent = euros(totalOf(cart.order()));
	};
	cart.onChange(refresh);
	refresh();
}

function showGood(cart: Cart, {id, name, price}: (typeof goods)[number]): () => void {
	const quantity = () => cart.order().items.find(item => item.id === id)?.quantity ?? 0;
	const step = (by: number) => () => {
		cart.change(order => withQuantity(order, id, Math.min(9, Math.max(id === 'padlock' ? 1 : 0, quantity() + by))));
	};
	const count = make('output', {'aria-label': `How many: ${name}`});
	const fewer = make('button', {type: 'button', 'aria-label': `One ${name} fewer`}, '−');
	const more = make('button', {type: 'button', 'aria-label': `One ${name} more`}, '+');
	fewer.addEventListener('click', step(-1));
	more.addEventListener('click', step(1));
	const label = make('span', {class: 'good'}, name, make('small', {}, `${euros(price)} each`));
	byId('goods').append(make('li', {}, label, make('span', {class: 'stepper'}, fewer, count, more)));
	return () => {
		count.textContent = String(quantity());
	};
}

function showCards(cart: Cart): () => void {
	const inputs = cards.map(({id, ...card}) => {
		const input = make('input', {type: 'radio', name: 'card', value: id});
		input.addEventListener('change', () => {
			cart.change(order => ({...order, card: id}));
		});
		const note = 'declined' in card ? [make('small', {}, 'always declined')] : [];
		byId('cards').append(make('label', {}, input, make('span', {}, card.name, ...note)));
		return input;
	});
	return () => {
		for (const input of inputs) input.checked = input.value === cart.order().card;
	};
}
