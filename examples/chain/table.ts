import {styleText} from 'node:util';
import type {Outcome} from './lane.ts';
import type {Tally} from './parts/database.ts';
import type {Balancing} from './parts/nginx.ts';
import type {Keeping} from './parts/part.ts';

const TITLE = 26;
/** Their widths by their names. */
const columns = {
	requests: 10,
	unknown: 9,
	settled: 9,
	orders: 20,
	messages: 10,
	deliveries: 12,
	shipments: 20,
} as const;
type Column = keyof typeof columns;
const names = Object.keys(columns) as Column[];

const lanes: Record<Keeping, string> = {
	nobody: 'without latchkey',
	transaction: 'guard in the transaction',
	redis: 'guard on Redis',
};
const nginx: Record<Balancing, string> = {
	defaults: 'NGINX as it comes',
	repeating: 'NGINX repeats POSTs',
};

export function heading(balancing: Balancing): string {
	const titles = names.map(name => name.padStart(columns[name])).join('');
	return `${styleText('bold', nginx[balancing].padEnd(TITLE))}${styleText('dim', titles)}`;
}

export function row(keeping: Keeping, outcome: Outcome, problems: readonly string[]): string {
	const cells = names.map(name => cellOf(outcome[name], columns[name]));
	const mark = keeping === 'nobody' ? '' : problems.length === 0 ? styleText('green', '  ✓') : styleText('red', '  ✗');
	return `${lanes[keeping].padEnd(TITLE)}${cells.join('')}${mark} ${problems.join('; ')}`.trimEnd();
}

function cellOf(cell: number | Tally, width: number): string {
	if (typeof cell === 'number') return String(cell).padStart(width);
	const {rows, doubled, missing} = cell;
	const wrong = [doubled > 0 ? `${doubled} doubled` : '', missing > 0 ? `${missing} lost` : ''].filter(it => it !== '');
	if (wrong.length === 0) return String(rows).padStart(width);
	return styleText('red', `${rows} (${wrong.join(', ')})`.padStart(width));
}

/** What went wrong, and in how many lanes it did as often as it was planned. */
export function faultTable(outcomes: readonly Outcome[]): string {
	const [first] = outcomes;
	const lines = (first?.faults ?? []).map(({fault, planned}) => {
		const met = outcomes.map(({faults}) => faults.find(it => it.fault === fault)?.met ?? 0);
		return `  ${fault.padEnd(34)}${String(planned).padStart(4)}${met.every(it => it === planned) ? '' : `, met ${met.join(', ')}`}`;
	});
	return styleText('dim', `\n${lines.join('\n')}\n`);
}
