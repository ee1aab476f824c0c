import type {Snapshot} from 'latchkey';
import type {Ending} from './checkout.ts';

export type Wording = {
	readonly tone: 'calm' | 'busy' | 'good' | 'bad' | 'doubt';
	readonly title: string;
	readonly detail: string;
	/** On the Pay button; `undefined`: the price. */
	readonly button: string | undefined;
	/** What else the page offers. */
	readonly offer?: 'buy-again' | 'put-back';
};

/** What this tab knows besides. */
export type Context = {
	/** How its last press ended, if it has. */
	readonly ending: Ending | undefined;
	/** A press of it has not ended yet. */
	readonly waiting: boolean;
	/** When a payment was begun whose end is not known, in milliseconds since the epoch. */
	readonly unfinishedSince: number | undefined;
};

/** What the page says of the purchase. */
export function wordingOf({status}: Snapshot, {ending, waiting, unfinishedSince}: Context): Wording {
	if (ending?.kind === 'changed') return status === 'succeeded' ? paidBefore : changed;
	if (ending?.kind === 'broken') return {...unknown, detail: ending.why};
	switch (status) {
		case 'loading':
		case 'idle':
			return idle;
		case 'working':
			return {tone: 'busy', title: 'Paying…', detail: '', button: 'Paying…'};
		case 'checking':
			return waiting ? checking : interrupted(unfinishedSince);
		case 'succeeded':
			return paid(ending);
		case 'refused':
			return declined(ending);
		case 'not-sent':
			return notSent;
		case 'unknown':
			return ending === undefined ? interrupted(unfinishedSince) : unknown;
		default:
			return {...unknown, detail: 'The shop knows this payment with another cart. Please ask the shop.'};
	}
}

const idle: Wording = {
	tone: 'calm',
	title: 'Nothing is charged yet',
	detail: 'Press Pay as often as you like.',
	button: undefined,
};

const checking: Wording = {
	tone: 'busy',
	title: 'Making sure that you are charged once',
	detail: '',
	button: 'Paying…',
};

const unknown: Wording = {
	tone: 'doubt',
	title: 'We do not know yet',
	detail: 'The shop may have charged you, or not. Do not pay again elsewhere. Press again: it is safe.',
	button: 'Press again, it is safe',
};

const changed: Wording = {
	tone: 'doubt',
	title: 'The cart has changed since you pressed Pay',
	detail:
		'We do not know yet whether the first payment went through, so nothing was sent for this one. Put the cart back and finish that payment first.',
	button: undefined,
	offer: 'put-back',
};

const paidBefore: Wording = {
	tone: 'doubt',
	title: 'You have paid already, for the cart as it was',
	detail: 'Nothing was sent. To buy this cart too, press Buy again, then Pay.',
	button: undefined,
	offer: 'buy-again',
};

const notSent: Wording = {
	tone: 'bad',
	title: 'No connection',
	detail: 'Nothing was sent; press again.',
	button: undefined,
};

function interrupted(since: number | undefined): Wording {
	const when = since === undefined ? '' : `You began to pay at ${new Date(since).toLocaleTimeString()}. `;
	return {
		tone: 'doubt',
		title: 'Your payment has no end yet',
		detail: `${when}It is under way in another tab, or it was cut off. See it through: you cannot be charged twice.`,
		button: 'Finish your payment',
	};
}

function paid(ending: Ending | undefined): Wording {
	const receipt = ending?.kind === 'paid' && ending.receipt !== undefined ? `Receipt no. ${ending.receipt}. ` : '';
	return {
		tone: 'good',
		title: 'Paid, once',
		detail: `${receipt}Another press shows the same receipt.`,
		button: 'Paid',
		offer: 'buy-again',
	};
}

function declined(ending: Ending | undefined): Wording {
	const why = ending?.kind === 'declined' ? `${ending.why} ` : '';
	return {
		tone: 'bad',
		title: 'Not paid',
		detail: `${why}You were not charged. Choose another card and press Pay.`,
		button: undefined,
	};
}
