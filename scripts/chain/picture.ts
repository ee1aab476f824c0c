/** Draws docs/chain.svg: the parts of the chain, and what goes wrong between them. */
type Box = {readonly title: string; readonly lines: readonly string[]; readonly isTransaction?: true};

const WIDTH = 880;
const HEIGHT = 390;
const BOX = {width: 160, height: 84};
const GAP = 72;
const MARGIN = 12;
const ROWS = [56, 240] as const;

const boxes: readonly [readonly Box[], readonly Box[]] = [
	[
		{title: 'Buyers', lines: ['Chromium, Node', 'one key per order']},
		{title: 'NGINX', lines: ['as it comes, or told', 'to repeat POSTs']},
		{title: 'Two shops', lines: ['the guard', 'looks the key up']},
		{title: 'Postgres', lines: ['key and answer', 'order', 'message'], isTransaction: true},
	],
	[
		{title: 'Relay', lines: ['reads the outbox', 'marks what is out']},
		{title: 'Broker', lines: ['Kafka’s protocol', 'in memory']},
		{title: 'Consumer', lines: ['the inbox', 'looks the id up']},
		{title: 'Postgres', lines: ['id of the message', 'shipment'], isTransaction: true},
	],
];

/** Above each box: what goes wrong there. */
const faults: readonly [readonly string[], readonly string[]] = [
	['presses again', 'repeats by itself', 'killed, slow, answer lost', 'killed before it commits'],
	['killed before it marks', 'acknowledgement lost', 'killed, delivered again', 'killed before it commits'],
];

const left = (column: number): number => MARGIN + column * (BOX.width + GAP);

function boxAt({title, lines, isTransaction}: Box, column: number, top: number): string {
	const [x, middle] = [left(column), left(column) + BOX.width / 2];
	const texts = lines.map((line, i) => `<text class="line" x="${middle}" y="${top + 42 + i * 16}">${line}</text>`);
	return `<rect class="${isTransaction ? 'box transaction' : 'box'}" x="${x}" y="${top}" width="${BOX.width}" height="${BOX.height}" rx="8"/>
<text class="title" x="${middle}" y="${top + 22}">${title}</text>
${texts.join('\n')}`;
}

function rowOf(row: 0 | 1): string {
	const top = ROWS[row];
	const middle = top + BOX.height / 2;
	return boxes[row]
		.map((box, column) => {
			const fault = `<text class="fault" x="${left(column) + BOX.width / 2}" y="${top - 12}">${faults[row][column]}</text>`;
			const next = `<path class="way" d="M${left(column) + BOX.width + 6} ${middle}H${left(column + 1) - 8}"/>`;
			return [boxAt(box, column, top), fault, ...(column < boxes[row].length - 1 ? [next] : [])].join('\n');
		})
		.join('\n');
}

/** From the end of the first row to the beginning of the second. */
function turn(): string {
	const [from, to] = [left(3) + BOX.width / 2, left(0) + BOX.width / 2];
	const [bottom, middle] = [ROWS[0] + BOX.height, ROWS[0] + BOX.height + 38];
	return `<path class="way" d="M${from} ${bottom + 6}V${middle}H${to}V${ROWS[1] - 32}"/>`;
}

function key(): string {
	const y = HEIGHT - 28;
	return `<rect class="box transaction" x="${MARGIN}" y="${y - 11}" width="22" height="14" rx="3"/>
<text class="key" x="${MARGIN + 30}" y="${y}">one transaction: all of it, or nothing</text>
<text class="key" x="${left(2)}" y="${y}"><tspan class="fault">in colour</tspan>: what goes wrong, chosen by a seed</text>`;
}

export function picture(): string {
	return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="title">
<title id="title">A press becomes an order, a message and a shipment, through eight parts that fail</title>
<style>
:root { --ink: #1f2328; --soft: #59636e; --line: #8c959f; --paper: #f6f8fa; --mark: #0969da; --bad: #bc4c00; }
@media (prefers-color-scheme: dark) {
	:root { --ink: #f0f6fc; --soft: #9198a1; --line: #656c76; --paper: #151b23; --mark: #4493f8; --bad: #f0883e; }
}
text { font: 13px system-ui, sans-serif; text-anchor: middle; fill: var(--soft); }
.title { font-size: 15px; font-weight: 600; fill: var(--ink); }
.fault { font-size: 12px; fill: var(--bad); }
.key { text-anchor: start; }
.box { fill: var(--paper); stroke: var(--line); }
.transaction { stroke: var(--mark); stroke-width: 2; }
.way { fill: none; stroke: var(--line); stroke-width: 1.5; marker-end: url(#tip); }
.tip { fill: var(--line); }
</style>
<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path class="tip" d="M0 0L8 4L0 8z"/></marker></defs>
${rowOf(0)}
${turn()}
${rowOf(1)}
${key()}
</svg>
`;
}
