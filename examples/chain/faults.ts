import {randomFrom} from '../../test/support/random-from.ts';

/** What goes wrong, and with how many of a thousand orders. Each order meets one fault of each hop at most, and meets it once. */
const hops = [
	{
		'shop killed before its effect': 20,
		'shop killed before its commit': 20,
		'shop killed after its commit': 30,
		'answer lost': 60,
		'shop slow': 30,
	},
	{'relay killed before it marks': 15, 'acknowledgement lost': 40},
	{
		'consumer killed before its commit': 2,
		'consumer killed after its commit': 4,
		'consumer fails after its commit': 20,
		'commit of offset lost': 20,
	},
] as const;

type NameIn<Hop> = Hop extends unknown ? keyof Hop : never;
export type Fault = NameIn<(typeof hops)[number]>;

export type Faults = {
	/** Whether this order meets this fault now. */
	readonly meets: (order: number, fault: Fault) => boolean;
	/** How many orders are to meet it, and how many have. */
	readonly counts: () => ReadonlyArray<{readonly fault: Fault; readonly planned: number; readonly met: number}>;
};

/** The same faults for the same seed. There is one of each kind at least. */
export function faultsFrom(seed: number, orders: number): Faults {
	const random = randomFrom(seed);
	const planned = new Map<string, Fault>();
	const met = new Set<string>();
	for (const hop of hops) {
		const left = Array.from({length: orders}, (_, order) => order);
		for (const [fault, share] of Object.entries(hop) as Array<[Fault, number]>)
			for (let count = Math.ceil((share * orders) / 1000); count > 0; count--) {
				const [order] = left.splice(Math.floor(random() * left.length), 1);
				planned.set(`${order} ${fault}`, fault);
			}
	}

	return {
		meets(order, fault) {
			const one = `${order} ${fault}`;
			if (!planned.has(one) || met.has(one)) return false;
			met.add(one);
			return true;
		},
		counts() {
			const countIn = (all: Iterable<string>, fault: Fault) =>
				[...all].filter(one => planned.get(one) === fault).length;
			const names = hops.flatMap(hop => Object.keys(hop) as Fault[]);
			return names.map(fault => ({
				fault,
				planned: countIn(planned.keys(), fault),
				met: countIn(met, fault),
			}));
		},
	};
}
