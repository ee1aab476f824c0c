import {isLatchkeyError} from '../../src/errors.ts';
import type {Payment, Tab, Told} from './tab.ts';
import {idOf} from './session.ts';
import type {Shop} from './shop.ts';
import {unfinished} from '../../src/operation/unfinished.ts';

const MINUTE = 60_000;

/** A refusal may have been saved under the next keys, too, where these are not random. */
async function again(tab: Tab, payment: Payment): Promise<Told> {
	let told = await tab.pay(payment);
	for (let presses = 1; told.outcome === 'refused' && presses < 5; presses++) told = await tab.pay(payment);
	return told;
}

/** When everything has calmed down, every operation has a way out, and all tabs agree on it. */
export async function epilogue(shop: Shop, user: string, operation: string): Promise<void> {
	const {world, check, session, store, ownKeys} = shop;
	session.user = user;
	const id = idOf(user, operation);
	const fail = (text: string) => {
		check.violation(`in the end ${text}`);
	};
	// Every tab writes down what it knows: the record is what all of them are to agree on.
	for (const tab of shop.tabs()) await unfinished(tab.fetch).catch(() => []);
	const record = store.record(id);
	if (record === undefined) return;
	// Whoever holds it lets go of it, whatever the clock has been through.
	await world.wait(Math.max(MINUTE, record.leaseUntil - store.now() + 1));
	if (!record.freed && record.state.status !== 'refused') ownKeys.restore(id, record.key);

	/** Where the store turns out to hold another key than was sent without it, realms differ, until they are loaded again. */
	const payIn = async (tab: Tab, payment: Payment): Promise<Told> => {
		const told = await again(tab, payment);
		return check.isInConflict(tab.life, id) ? again(shop.reload(tab), payment) : told;
	};

	const carts = [1, 2, 3];
	let cart = 1;
	let first: Told;
	do {
		cart = carts.shift() ?? 0;
		first = await payIn(shop.tab(0), {operation, cart});
	} while (isLatchkeyError(first.error, 'PAYLOAD_CHANGED'));

	if (first.outcome === 'unknown' || first.outcome === 'pending') {
		const {key} = store.record(id) ?? record;
		const word = shop.truth(key, id) ?? 'refused';
		if (!(await shop.tab(0).resolve(operation, word))) fail(`${operation} cannot be resolved`);
	}

	// What another device, or a tab without its store, did under the keys that come next is found only as they come.
	const apart = !shop.randomKeys && check.keysOf(id).some(({apartIn}) => apartIn.size > 0);
	if (shop.sharesKeys || apart) return;
	const told: Told[] = [];
	for (const tab of shop.tabs()) told.push(await payIn(tab, {operation, cart}));
	const [one, ...others] = told;
	// A key that is too old for one client may not be for another, which declares no retention.
	const old =
		shop.undeclared && told.some(({error}) => isLatchkeyError(error, 'NOT_SENT') && error.reason === 'expired');
	for (const other of others)
		if (!old && (one?.outcome !== other.outcome || one.key !== other.key))
			fail(`tabs disagree on ${operation}: ${describe(one)} and ${describe(other)}`);

	const before = store.record(id)?.key;
	const done = await shop.tab(0).free(operation, one?.outcome === 'succeeded' ? 'complete' : 'forget');
	if (!done) fail(`${operation} cannot be freed when it is ${describe(one)}`);
	for (const tab of shop.tabs()) {
		const next = await payIn(tab, {operation, cart: 3});
		if (next.outcome !== 'succeeded') fail(`${operation} cannot be begun anew: ${describe(next)}`);
		if (next.key === before) fail(`${operation} begins anew under its old key ${next.key}`);
	}
}

function describe(told: Told | undefined): string {
	return `${told?.outcome} under ${told?.key} (${String(told?.error)})`;
}
