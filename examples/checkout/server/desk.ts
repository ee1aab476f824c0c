import type {Charge, Fault, Till} from './till.ts';

export type TillName = 'latchkey' | 'plain';

export type Switches = {
	/** 503 first, then it works. */
	readonly unavailable: boolean;
	/** The first answer is lost after the charge. */
	readonly lost: boolean;
	/** Every charge takes four seconds. */
	readonly slow: boolean;
	/** Every connection is killed. */
	readonly plug: boolean;
};

export type Entry = Charge & {
	readonly till: TillName;
	/** Which purchase of its cart, counted from 1. */
	readonly purchase: number;
};

export type DeskState = {
	readonly switches: Switches;
	/** At which purchase each cart is; one that is not listed is at its first. */
	readonly purchases: Readonly<Record<string, number>>;
	readonly ledger: readonly Entry[];
};

/** Where the audience sits: it sees the ledger and holds the switches. */
export type Desk = {
	readonly state: () => DeskState;
	readonly book: (till: TillName, charge: Charge) => void;
	readonly flip: (name: string, on: boolean) => void;
	/** The purchase is over, the next charge of this cart belongs to a new one. */
	readonly nextPurchase: (cart: string) => void;
	/** Calls back at every change; returns the way to stop. */
	readonly watch: (listener: () => void) => () => void;
};

const SLOW = 4_000;

export function createDesk(tills: () => readonly Till[]): Desk {
	const ledger: Entry[] = [];
	const listeners = new Set<() => void>();
	let switches: Switches = {unavailable: false, lost: false, slow: false, plug: false};
	let purchases: Readonly<Record<string, number>> = {};

	function changed(): void {
		for (const listener of listeners) listener();
	}

	return {
		state: () => ({switches, purchases, ledger}),
		book(till, charge) {
			ledger.push({...charge, till, purchase: purchases[charge.cart] ?? 1});
			changed();
		},
		flip(name, on) {
			if (!Object.hasOwn(switches, name)) throw new TypeError(`There is no switch ${name}`);
			switches = {...switches, [name]: on};
			for (const till of tills()) till.misbehave(faultsBy(switches));
			changed();
		},
		nextPurchase(cart) {
			purchases = {...purchases, [cart]: (purchases[cart] ?? 1) + 1};
			changed();
		},
		watch(listener) {
			listeners.add(listener);
			return () => {
				listeners.delete(listener);
			};
		},
	};
}

/** Each trouble once, then one attempt that gets through, and so on. */
function faultsBy({unavailable, lost, slow}: Switches): (attempt: number) => Fault {
	const troubles: Fault[] = [{}];
	if (lost) troubles.unshift({answer: 'lost'});
	if (unavailable) troubles.unshift({unavailable: true});
	return attempt => ({...troubles[(attempt - 1) % troubles.length], ...(slow && {work: SLOW})});
}
