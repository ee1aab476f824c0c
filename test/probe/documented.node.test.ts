import {describe, expect, test} from 'vitest';
import {pageAt} from '../docs/pages.ts';
import {options} from '../../src/probe/arguments.ts';
import {outcomes} from '../../src/probe/check.ts';
import {checks} from '../../src/probe/checks/index.ts';
import {help} from '../../src/probe/help.ts';
import {requirements} from '../../src/probe/settings.ts';
import {trapTexts} from '../../src/probe/trap-texts.ts';
import {guard, start} from './guard.ts';
import {everything, reportOn} from './run.ts';

const {text} = pageAt('docs/probe.md');
const section = (title: string) => text.split(`\n## ${title}\n`)[1]?.split('\n## ')[0] ?? '';

test('every option is in the docs and in the help, and no other', () => {
	const names = Object.keys(options)
		.map(name => `--${name}`)
		.toSorted();
	const found = (from: string) => [...new Set(from.match(/--[a-z][a-z-]*/g))].toSorted();
	const listed = section('Options')
		.split('\n')
		.map(line => line.split('|')[1] ?? '')
		.join(' ');
	expect(found(listed)).toEqual(names);
	expect(found(help)).toEqual(names);
});

test('every requirement is in the docs', () => {
	const listed = [...section('Exit status').matchAll(/^\| `([a-z]+)` \|/gm)].map(([, name]) => name);
	expect(listed).toEqual([...requirements]);
	expect(help).toContain(requirements.join(', '));
});

test('every check is in the docs', () => {
	const titles = ['first call', ...checks.map(({title}) => title)];
	expect(titles.filter(title => !section('What each check shows').includes(title))).toEqual([]);
});

test('every trap is in the docs, and every outcome', () => {
	const rows = [...section('Traps').matchAll(/^\| `([\w-]+)` \| (.*) \|$/gm)].map(([, name, says]) => [name, says]);
	expect(Object.fromEntries(rows)).toEqual(trapTexts);
	const [, listed = ''] = /`found` is one of ([^.]*)\./.exec(section('JSON')) ?? [];
	expect([...listed.matchAll(/`([\w-]+)`/g)].map(([, name]) => name)).toEqual([...outcomes]);
});

/** The names of all members, whatever they hold; of lists, those of their first. */
function shapeOf(value: unknown): unknown {
	if (Array.isArray(value)) return value.length === 0 ? [] : [shapeOf(value[0])];
	if (typeof value !== 'object' || value === null) return 'value';
	return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, shapeOf(member)]));
}

describe('the JSON report', () => {
	test('has the shape that the docs show', async () => {
		await using server = await start(guard({missing: 'accepted'}).listener);
		const report = await reportOn(server.origin, ...everything, '--require', 'safe');
		const [, sample = ''] = /```json\n([^]*?)```/.exec(text) ?? [];
		const documented = JSON.parse(sample) as {dialect: object};
		expect(shapeOf({...report, dialect: documented.dialect, verdict: {...report.verdict, exceptions: []}})).toEqual(
			shapeOf(documented),
		);
	});

	test('is one object on stdout, and nothing else', async () => {
		await using server = await start(guard().listener);
		const report = await reportOn(server.origin, ...everything);
		expect(report.checks.map(({check}) => check)[0]).toBe('first-call');
	});
});
