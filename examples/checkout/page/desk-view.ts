import {euros} from '../goods.ts';
import type {DeskState, Entry, Switches} from '../server/desk.ts';
import {byId, keyChip, make} from './dom.ts';

const switches: Record<keyof Switches, readonly [label: string, detail: string]> = {
	lost: ['Lose the first answer', 'Charged, then cut off. The next try gets through.'],
	unavailable: ['503 first', 'The first try is turned away. The next one gets through.'],
	slow: ['Take four seconds', 'Time to click twice, reload, or open a second tab.'],
	plug: ['Pull the plug', 'Every connection dies until you put it back.'],
};

/** The switches, the ledger and how often this purchase was charged, all as the server says. */
export function showDesk(cart: string): void {
	const inputs = Object.entries(switches).map(([name, [label, detail]]) => {
		const input = make('input', {type: 'checkbox', role: 'switch', id: `switch-${name}`, name});
		input.addEventListener('change', () => void post('/desk/switches', {name, on: input.checked}));
		byId('switches').append(make('label', {}, input, make('span', {}, label, make('small', {}, detail))));
		return input;
	});

	new EventSource('/desk').addEventListener('message', ({data}) => {
		const {switches, purchases, ledger} = JSON.parse(String(data)) as DeskState;
		for (const input of inputs) input.checked = switches[input.name as keyof Switches];
		document.body.classList.toggle('unplugged', switches.plug);
		showLedger(ledger);
		const purchase = purchases[cart] ?? 1;
		for (const till of ['latchkey', 'plain'] as const) {
			const charged = ledger.filter(
				entry => entry.till === till && entry.cart === cart && entry.purchase === purchase,
			).length;
			const count = byId(`${till}-charges`);
			count.textContent = `${charged}×`;
			count.dataset['tone'] = charged > 1 ? 'bad' : charged === 1 ? 'good' : 'calm';
		}
	});
}

export async function nextPurchase(cart: string): Promise<void> {
	await post('/desk/purchases', {cart});
}

function showLedger(ledger: readonly Entry[]): void {
	byId('ledger-empty').hidden = ledger.length > 0;
	byId('ledger').replaceChildren(
		...ledger.toReversed().map(({purchase, till, amount, card, key}, index) => {
			const cells = [String(ledger.length - index), String(purchase), till === 'plain' ? 'plain fetch' : till];
			return make(
				'tr',
				{},
				...cells.map(text => make('td', {}, text)),
				make('td', {class: 'amount'}, euros(amount)),
				make('td', {}, card),
				make('td', {}, keyChip(key)),
			);
		}),
	);
}

async function post(url: string, body: unknown): Promise<void> {
	await fetch(url, {method: 'POST', body: JSON.stringify(body)});
}
