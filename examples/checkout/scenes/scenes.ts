import type {Order} from '../goods.ts';
import type {Fault} from '../server/till.ts';
import type {Buyer} from './buyers.ts';

export type Scene = {
	readonly title: string;
	/** What goes wrong, attempt by attempt; after the last one, nothing. */
	readonly faults: readonly Fault[];
	/** What the buyer does, and what the page says to it each time. */
	readonly play: (buyer: Buyer) => Promise<string[]>;
	/** What the page should say. In every scene one charge is wanted. */
	readonly wanted: readonly string[];
};

const order: Order = {cart: '42', items: [{id: 'padlock', quantity: 1}], card: '4242'};
const onceMore: Order = {...order, items: [{id: 'padlock', quantity: 2}]};

export const scenes: readonly Scene[] = [
	{
		title: 'the answer is lost after the charge',
		faults: [{answer: 'lost'}],
		play: async buyer => [await buyer.press(order)],
		wanted: ['paid'],
	},
	{
		title: 'time-out, then 503, then success',
		faults: [{answer: 1_000}, {unavailable: true}],
		play: async buyer => [await buyer.press(order)],
		wanted: ['paid'],
	},
	{
		title: 'double click',
		faults: [],
		play: async buyer => Promise.all([buyer.press(order), buyer.press(order)]),
		wanted: ['paid', 'paid'],
	},
	{
		title: 'two tabs race',
		faults: [],
		play: async buyer => Promise.all([buyer.press(order), buyer.secondTab().press(order)]),
		wanted: ['paid', 'paid'],
	},
	{
		title: 'the server still works on the first',
		faults: [{work: 1_000}],
		play: async buyer => [await buyer.press(order)],
		wanted: ['paid'],
	},
	{
		title: 'the cart changes after a lost answer',
		faults: [{answer: 'lost'}, {unavailable: true}, {unavailable: true}, {unavailable: true}],
		async play(buyer) {
			const first = await buyer.press(order);
			const changed = await buyer.press(onceMore);
			// Told so, the customer puts the cart back.
			return changed === 'paid' ? [first, changed] : [first, changed, await buyer.press(order)];
		},
		wanted: ['not known yet', 'cart changed', 'paid'],
	},
	{
		title: 'card declined, then another card',
		faults: [],
		play: async buyer => [await buyer.press({...order, card: '0002'}), await buyer.press(order)],
		wanted: ['declined', 'paid'],
	},
];
