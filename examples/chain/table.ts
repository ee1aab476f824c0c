import {styleText} from 'node:util';
import type {Outcome} from './lane.ts';
import type {Tally} from './parts/database.ts';
import type {Balancing} from './parts/nginx.ts';
import type {Keeping} from './parts/part.ts';

const TITLE = 26;
const columns = ['requests', 'unknown', 'settled', 'orders', 'messages', 'deliveries', 'shipments'] as const;
const WIDTH = 17;

const titles: Record<Keeping, string> = {
	nobody: 'without latchkey',
	transaction: 'guard in the transaction',
	redis: 'guard on Redis',
};
const nginx: Record<Balancing, string> = {
	defaults: 'NGINX as it comes',
	repeating: 'NGINX repeats POSTs',
};

export function heading(balancing: Balancing): string {
	const names = columns.map(name => name.padStart(WIDTH)).join('');
	return `${styleText('bold', nginx[balancing].padEnd(TITLE))}${styleText('dim', names)}`;
}

export function row(keeping: Keeping, outcome: Outcome, problems: readonly string[]): string {
	const {requests, unknown, settled, orders, messages, deliveries, shipments} = outcome;
	const cells = [requests, unknown, settled, orders, messages, deliveries, shipments].map(cell => cellOf(cell));
	const mark = keeping === 'nobody' ? '' : problems.length === 0 ? styleText('green', '  ✓') : styleText('red', '  ✗');
	return `${titles[keeping].padEnd(TITLE)}${cells.join('')}${mark} ${problems.join('; ')}`.trimEnd();
}

function cellOf(cell: number | Tally): string {
	if (typeof cell === 'number') return String(cell).padStart(WIDTH);
	const {rows, doubled, missing} = cell;
	const wrong = [doubled > 0 ? `${doubled} doubled` : '', missing > 0 ? `${missing} lost` : ''].filter(it => it !== '');
	const text = wrong.length > 0 ? `${rows} (${wrong.join(', ')})` : String(rows);
	return wrong.length > 0 ? styleText('red', text.padStart(WIDTH)) : text.padStart(WIDTH);
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
