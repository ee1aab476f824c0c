import type {Exchange, Profile, Status} from '../../src/dialects/index.ts';
import {known, readIn, type Known} from './known.ts';
import {shipped, type Shipped} from '../../test/dialects/all.ts';

const UNITS: ReadonlyArray<readonly [number, string]> = [
	[86_400_000, 'd'],
	[3_600_000, 'h'],
	[60_000, 'min'],
];

function duration(ms: number): string {
	const [unit, name] = UNITS.find(([size]) => ms >= 2 * size || ms === size) ?? [1_000, 's'];
	return `${ms / unit} ${name}`;
}

function row(cells: readonly string[]): string {
	return `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function table(heads: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
	return [row(heads), `|${heads.map(() => '---').join('|')}|`, ...rows.map(row)].join('\n');
}

const code = (text: string) => `\`${text}\``;
const or = (cell: string | undefined) => cell ?? '–';

function placeOf({key}: Profile): string {
	if ('header' in key) return code(key.header);
	if ('body' in key) return `body ${code(key.body)}`;
	return 'variable' in key ? `variable ${code(key.variable)}` : `query ${code(key.query)}`;
}

function keyOf({key: {format, min, max}}: Profile): string {
	const length = min === undefined ? max && `≤${max}` : `${min}–${max ?? 255}`;
	return or([format === 'uuid4' ? 'UUIDv4' : format && 'UUID', length].filter(Boolean).join(', ') || undefined);
}

const kept = {success: '2xx', errors: '2xx, 4xx', everything: 'everything'};
const after = {'same-key': 'same key', 'new-key': 'new key', look: 'look first'};

function savesOf({saves, exchanges}: Profile): string {
	const also = exchanges.filter(one => one.saved).flatMap(({status}) => status);
	return saves ? kept[saves] : or(also.length > 0 ? `2xx, ${also.join(', ')}` : undefined);
}

function summary({code: written, profile}: Shipped): readonly string[] {
	const {methods, retention, replayMarker, compares, afterFailure} = profile;
	return [
		code(written),
		placeOf(profile),
		keyOf(profile),
		methods.length > 0 ? methods.join(', ') : 'none: keys are not kept',
		retention === undefined ? '–' : duration(retention),
		replayMarker ? code(`${replayMarker}: true`) : '–',
		savesOf(profile),
		compares === undefined ? '–' : compares ? 'yes' : 'no',
		afterFailure ? after[afterFailure] : '–',
	];
}

const statusOf = (status: Status | readonly Status[]) => [status].flat().join(', ');

function tellsOf({body, text, headers}: Exchange): string {
	if (body !== undefined) return code(JSON.stringify(body));
	if (text !== undefined) return `“${text}”`;
	const named = Object.entries(headers ?? {}).map(([name, value]) => code(`${name}: ${value}`));
	return named.length > 0 ? named.join(', ') : 'the status, if it is not marked as a replay';
}

function meaningOf({means, saved, resource, anyKey, secondHand}: Exchange): string {
	const notes = [
		saved && 'saved',
		anyKey && 'perhaps under another key',
		resource && `names ${code(resource)}`,
		secondHand && '**second-hand**',
	].filter(Boolean);
	return [code(means), ...notes].join('; ');
}

function linkOf(source: string): string {
	return source.startsWith('https://') ? `[${new URL(source).hostname}](${source})` : source;
}

function exchangesOf({code: written, profile}: Shipped): string {
	const rows = profile.exchanges.map(one => [statusOf(one.status), tellsOf(one), meaningOf(one), linkOf(one.source)]);
	const {status, repeatsGiveCurrentState} = profile;
	const asked = status
		? ` What is pending is asked about by a GET for its ${code(status.resource)} (${linkOf(status.source)}).`
		: repeatsGiveCurrentState
			? ' A repeat gives the state as it is now.'
			: '';
	return `### ${written}\n\nRead in ${profile.read}.${asked}\n\n${table(['Status', 'Told by', 'Means', 'Source'], rows)}`;
}

function knownRow(one: Known): readonly string[] {
	const carrier = one.carrier === undefined || one.carrier.includes('`') ? or(one.carrier) : code(one.carrier);
	return [
		one.name,
		carrier,
		or(one.key),
		or(one.retention),
		or(one.replay),
		or(one.mismatch),
		or(one.running),
		or(one.missing),
		or(one.saves),
		or(one.note),
		`${linkOf(one.source)}${one.evidence === 'S' ? ' **second-hand**' : ''}`,
	];
}

const heads = [
	'Dialect',
	'Key in',
	'Key',
	'Methods',
	'Kept for',
	'Replay marker',
	'Keeps',
	'Compares payloads',
	'After a failure',
];
const knownHeads = [
	'API',
	'Key in',
	'Key',
	'Kept for',
	'Replay marker',
	'Other payload',
	'In progress',
	'No key',
	'Keeps',
	'Note',
	'Source',
];

/** What stands between the markers of the page, by the name of the marker. */
export const generated: Readonly<Record<string, string>> = {
	dialects: table(heads, shipped.map(summary)),
	exchanges: shipped.map(exchangesOf).join('\n\n'),
	known: `Read in ${readIn}.\n\n${table(knownHeads, known.map(knownRow))}`,
};

/** The page with what the data say now. */
export function withTables(page: string): string {
	return page.replaceAll(
		/(<!-- table: (\w+) -->\n)[^]*?(<!-- end of table -->)/g,
		(_, begin: string, name: string, end: string) => `${begin}\n${generated[name] ?? ''}\n\n${end}`,
	);
}
