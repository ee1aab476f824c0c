import {createFetch, operationOf, outcomeOf} from 'latchkey';
import {defineDialect, latchkey} from 'latchkey/dialects';
import {byId} from '../../checkout/page/dom.ts';
import type {ShopState, Switches} from '../shop.ts';

const dialect = defineDialect({...latchkey.profile, retention: 86_400_000, saves: 'errors'});
const timeout = 10_000;
const client = createFetch({dialect, timeout, totalTimeout: 30_000, retry: {limit: 2, backoffLimit: 500}});
const order = operationOf(client, ['order', 'lock']);
const says = byId('says');

const words = {
	succeeded: 'Ordered, and paid once.',
	refused: 'Refused. You were not charged.',
	'not-sent': 'No connection. Nothing was sent; press again.',
	pending: 'It is being worked on.',
	mismatched: 'The service holds another order under this key.',
	unknown: 'Not known yet. Press again, it is safe.',
};

byId('order').addEventListener('click', () => {
	says.textContent = 'Ordering…';
	const headers = {'content-type': 'application/json', prefer: `wait=${timeout / 1_000}`};
	const pressed = order.fetch('/orders', {method: 'POST', headers, body: JSON.stringify({amount: 1_500})});
	void outcomeOf(pressed).then(async ({outcome}) => {
		// The next press is another purchase.
		if (outcome === 'succeeded') await order.complete();
		says.textContent = words[outcome];
	});
});

async function tell(name: keyof Switches | 'restart' | 'redeliver', on: boolean): Promise<void> {
	await fetch('/desk', {method: 'POST', body: JSON.stringify({name, on})});
}

for (const name of ['killed', 'losePayment', 'loseOrder', 'mailsKilled', 'loseMails', 'slow'] as const) {
	const box = byId(name) as HTMLInputElement;
	box.addEventListener('change', () => void tell(name, box.checked));
}

for (const name of ['restart', 'redeliver'] as const) byId(name).addEventListener('click', () => void tell(name, true));

async function look(): Promise<void> {
	const {counts} = (await (await fetch('/desk')).json()) as ShopState;
	for (const [name, count] of Object.entries(counts)) byId(name).textContent = String(count);
}

setInterval(() => void look().catch(() => undefined), 250);
