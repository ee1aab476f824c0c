import type {Figure} from './measure.ts';

/** Prints figures side by side: microseconds, then the ratio to the first row. */
export function printTable(
	title: string,
	columns: ReadonlyArray<{readonly title: string; readonly figures: Figure[]}>,
): void {
	const names = columns[0]?.figures.map(({name}) => name) ?? [];
	const wide = Math.max(...names.map(name => name.length));
	console.log(`\n${title}\n`);
	console.log(' '.repeat(wide) + columns.map(column => column.title.padStart(20)).join(''));
	for (const [row, name] of names.entries()) {
		const cells = columns.map(({figures}) => cell(figures[row]));
		console.log(name.padEnd(wide) + cells.join(''));
	}
}

function cell(figure: Figure | undefined): string {
	if (figure === undefined) return '';
	return `${figure.micros.toFixed(1)} µs`.padStart(12) + `×${figure.ratio.toFixed(2)}`.padStart(8);
}

/** Says of a figure whether it is where it should be. */
export function printAim(what: string, figure: string, reached: boolean): void {
	console.log(`${reached ? '✓' : '✗'} ${what}: ${figure}`);
}
