import {totalOf, type Order} from '../goods.ts';
import {postNaively} from '../naive.ts';
import {showCart} from './cart-view.ts';
import {openCart} from './cart.ts';
import {openCheckout, type Ending} from './checkout.ts';
import {nextPurchase, showDesk} from './desk-view.ts';
import {byId} from './dom.ts';
import {showStatus} from './status-view.ts';
import {showEvent, showNaiveEvent, timelineIn} from './timeline.ts';
import {wordingOf} from './wording.ts';

const cart = openCart();
const timelines = {latchkey: timelineIn(byId('latchkey-timeline')), plain: timelineIn(byId('plain-timeline'))};
const checkout = openCheckout(cart.order().cart, event => {
	if (event.type === 'attempt' && event.attempt === 1) cart.keep();
	showEvent(timelines.latchkey, event);
});
const {purchase} = checkout;

let waiting = 0;
let ending: Ending | undefined;
let unfinishedSince: number | undefined;

function refresh(): void {
	const {state} = purchase;
	const wording = wordingOf(state, {ending, waiting: waiting > 0, unfinishedSince});
	showStatus(wording, state, totalOf(cart.order()));
}

async function payWithLatchkey(order: Order): Promise<void> {
	const {add} = timelines.latchkey;
	add('press', 'Pay pressed');
	waiting++;
	ending = undefined;
	const ended = await checkout.pay(order);
	waiting--;
	ending = ended;
	if (ended.kind === 'changed') add('doubt', 'The cart has changed: nothing is sent');
	if (ended.kind === 'unknown') add('doubt', 'Not known yet: the next press goes under the same key');
	refresh();
}

/** The column beside it: the same press, as most shops handle it. */
async function payPlainly(order: Order): Promise<void> {
	const timeline = timelines.plain;
	timeline.add('press', 'Pay pressed');
	const says = byId('plain-says');
	says.textContent = 'Paying…';
	const options = {
		timeout: 10_000,
		delay: (retry: number) => 2_000 * retry - 1_000,
		onEvent: showNaiveEvent.bind(undefined, timeline),
	};
	try {
		const {ok, status} = await postNaively('/api/pay/plain', JSON.stringify(order), options);
		says.textContent = ok ? 'Paid. Thank you!' : status === 402 ? 'Card declined.' : 'Payment failed, try again.';
	} catch {
		says.textContent = 'Payment failed, try again.';
	}
}

byId('pay').addEventListener('click', () => {
	const order = cart.order();
	void payWithLatchkey(order);
	void payPlainly(order);
});
byId('put-back').addEventListener('click', cart.putBack);
byId('buy-again').addEventListener('click', () => {
	ending = undefined;
	void purchase.complete().then(async () => nextPurchase(cart.order().cart));
});

cart.onChange(() => {
	if (ending?.kind === 'changed') ending = undefined;
	refresh();
});
purchase.subscribe(() => {
	refresh();
	void checkout.unfinishedSince().then(since => {
		unfinishedSince = since;
		refresh();
	});
});
// The seconds until the next attempt.
setInterval(refresh, 250);
showCart(cart);
showDesk(cart.order().cart);
