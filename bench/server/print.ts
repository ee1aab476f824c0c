import type {Cost, Kind} from './rounds.ts';

export type Measured = {readonly inFlight: number; readonly kind: Kind; readonly costs: readonly Cost[]};

const WIDE = 32;

/** Of each candidate and kind: requests a second, their ratio to the base, the processor's time, and its ratio. */
export function printCosts(measured: readonly Measured[]): void {
	const titles = measured.map(({inFlight, kind}) => `${inFlight} in flight, ${kind}`);
	console.log(' '.repeat(WIDE) + titles.map(title => title.padStart(38)).join(''));
	for (const [row, {name}] of measured[0]?.costs.entries() ?? []) {
		const cells = measured.map(({costs}) => cell(costs[row]));
		console.log(name.padEnd(WIDE) + cells.join(''));
	}
}

function cell(cost: Cost | undefined): string {
	if (cost === undefined) return '';
	const {perSecond, speed, micros, thrift} = cost;
	const rate = `${Math.round(perSecond).toLocaleString('en')}/s`;
	return (
		[rate.padStart(12), `×${speed.toFixed(2)}`.padStart(7), `${micros.toFixed(0)} µs`.padStart(11)].join('') +
		`×${thrift.toFixed(2)}`.padStart(8)
	);
}
