import type {Grown} from './grown.ts';
import type {Rate} from './rate.ts';

const WIDE = 20;

export function printRates(name: string, rates: readonly Rate[]): void {
	for (const {inFlight, perSecond, p50, p99, byHand, ratio, ratioToScript} of rates) {
		const times = [rate(perSecond), ms(p50), ms(p99), rate(byHand), `×${ratio.toFixed(2)}`];
		printRow([name, String(inFlight), ...times, ratioToScript === undefined ? '' : `×${ratioToScript.toFixed(2)}`]);
	}
}

export function printGrown({name, empty, full, longest, sweep}: Grown): void {
	printRow([name, ms(empty), ms(full), ms(longest), `${(sweep / 1_000).toFixed(1)} s`]);
}

export function printRow([first = '', ...cells]: readonly string[]): void {
	console.log(first.padEnd(WIDE) + cells.map(cell => cell.padStart(14)).join(''));
}

function rate(perSecond: number): string {
	return `${Math.round(perSecond).toLocaleString('en')}/s`;
}

function ms(time: number): string {
	return `${time.toFixed(2)} ms`;
}
