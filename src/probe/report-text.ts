import type {Observation} from './check.ts';
import type {Plan} from './plan.ts';
import type {Progress, Result} from './probe.ts';
import {shownUrl} from './redact.ts';
import {statusOf} from './repeat.ts';
import type {Settings} from './settings.ts';

const titleWidth = 24;
const statusWidth = 18;

/** What is going to happen, before anything does. */
export function planText(settings: Settings, plan: Plan): string {
	const {method, url, keyHeader, count, slowFor} = settings;
	const lines = [
		`latchkey probe: ${method} ${shownUrl(url)}, key ${keyHeader === undefined ? 'where {{key}} stands' : `in ${keyHeader}`}`,
		`At most ${plan.requests} requests, and ${plan.effects} effects (orders, charges, mails) if no key is honoured.`,
		count === undefined
			? 'Nobody counts effects (--count): they are told by answers only.'
			: 'Effects are counted by --count.',
		...(slowFor === 0 ? [] : [`It waits for ${Math.ceil((2 * slowFor) / 60_000)} min at most (--slow).`]),
	];
	return `${lines.join('\n')}\n`;
}

/** One line a check. */
export function lineOf({title, finding, observations}: Parameters<Progress>[0]): string {
	return `  ${title.padEnd(titleWidth)}${shortly(observations).padEnd(statusWidth)}${finding.says}\n`;
}

function shortly(observations: readonly Observation[]): string {
	const statuses = observations.map(({seen, delivery}) => (delivery === 'whole' ? statusOf(seen) : delivery));
	const runs: Array<{name: string; times: number}> = [];
	for (const name of statuses) {
		const last = runs.at(-1);
		if (last?.name === name) last.times++;
		else runs.push({name, times: 1});
	}

	const text = runs.map(({name, times}) => (times === 1 ? name : `${times}x${name}`)).join(' ');
	return text.length < statusWidth ? text : `${text.slice(0, statusWidth - 3)}..`;
}

const marks = {true: 'yes', false: 'no', undefined: 'not seen'} as const;

export function resultText(result: Result): string {
	const {dialect, shoulds, traps, verdict, plan, observations} = result;
	const leftOut = plan.leftOut.map(({check, because}) => `  ${check.title.padEnd(titleWidth)}${because}`);
	const fit =
		dialect === undefined
			? 'none that is known'
			: `${dialect.name}${dialect.differs.length === 0 ? '' : `, but for ${dialect.differs.join(', ')}`}`;
	return [
		section('Not made', leftOut),
		section(
			'SHOULDs of the Idempotency-Key draft',
			shoulds.map(({says, holds}) => `  ${says.padEnd(48)}${marks[`${holds}`]}`),
		),
		section(
			'Traps for clients',
			traps.map(({says}) => `  - ${says}`),
		),
		`\nBest dialect: ${fit}`,
		`Requests sent: ${observations.length}`,
		`\nVerdict: ${verdict.sentence}\n`,
	]
		.filter(part => part !== '')
		.join('\n');
}

function section(title: string, lines: readonly string[]): string {
	return lines.length === 0 ? '' : `\n${title}\n${lines.join('\n')}`;
}
