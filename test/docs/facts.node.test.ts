import {readFileSync} from 'node:fs';
import {expect, test} from 'vitest';
import manifest from '../../package.json' with {type: 'json'};
import budgets from '../../.size-limit.ts';
import {settingsOf} from '../../src/normalize-options.ts';
import {schemaSql} from '../../src/stores/postgres/schema.ts';
import {pageAt, root} from './pages.ts';

const read = (path: string) => readFileSync(new URL(path, root), 'utf8');

function found(text: string, pattern: RegExp): string[] {
	return [...new Set([...text.matchAll(pattern)].map(([, name = '']) => name))];
}

test('every option is in the table of the guide, and no other', () => {
	const options = found(
		['retry-options', 'outcome-options', 'options']
			.map(file => read(`src/${file}.ts`))
			.join('\n')
			.replace(/^type [^]*|^const defaults[^]*/m, ''),
		/^\treadonly (\w+)\?:/gm,
	);
	const ofRetry = ['limit', 'backoffLimit', 'maxRetryAfter', 'delay'];
	const [, rest = ''] = pageAt('docs/guide.md').text.split('## All options');
	const [table = ''] = rest.split('\n## ');
	const listed = found(table, /^\| `(\w+)`/gm);
	expect(listed.toSorted()).toEqual(options.filter(name => !ofRetry.includes(name)).toSorted());
});

test('the defaults of times are those of the code', () => {
	const {timeout, totalTimeout, retry} = settingsOf({});
	const {text} = pageAt('docs/guide.md');
	expect(text).toContain(`| \`timeout\` • | ${timeout.toLocaleString('en')} |`);
	expect(text).toContain(`| \`totalTimeout\` • | ${totalTimeout.toLocaleString('en')} |`);
	const [, limit, backoffLimit, maxRetryAfter] =
		/\{limit: (\d+), backoffLimit: ([\d_]+), maxRetryAfter: ([\d_]+)\}/.exec(text) ?? [];
	const written = [limit, backoffLimit, maxRetryAfter].map(it => Number(it?.replace('_', '')));
	expect(written).toEqual([retry.limit, retry.backoffLimit, retry.maxRetryAfter]);
});

test('every error has its section, and every code its row', () => {
	const {text} = pageAt('docs/errors.md');
	const names = found(read('src/errors.ts'), /^export class (\w+)/gm);
	expect(names).toHaveLength(9);
	expect(found(text, /^## (\w+Error)$/gm).toSorted()).toEqual(names.toSorted());
	const codes = found(read('src/error-base.ts'), /^\t\| '([A-Z_]+)'/gm);
	expect(found(text, /^\| \[`\w+`\]\(#\w+\) \| `([A-Z_]+)`/gm).toSorted()).toEqual(codes.toSorted());
});

test('every event has its row', () => {
	const [, table = ''] = pageAt('docs/errors.md').text.split('## Events');
	const types = found(read('src/events.ts'), /\btype: '([\w-]+)'/g);
	expect(found(table, /^\| `([\w-]+)` \|/gm).filter(name => name !== 'type')).toEqual(types);
});

test('the sizes that the README names are budgets', () => {
	const sizes = found(pageAt('README.md').text, /(\d[\d.]* kB)/g);
	expect(sizes).not.toEqual([]);
	expect(sizes.filter(size => !budgets.some(({limit}) => limit === size))).toEqual([]);
});

test('the packages that the README compares with are of the versions that are installed', () => {
	const [heading = ''] = /^\| \| latchkey.*$/m.exec(pageAt('README.md').text) ?? [];
	expect(heading).toContain(`latchkey ${manifest.version}`);
	expect(heading).toContain(`ky ${manifest.dependencies.ky} |`);
	expect(heading).toContain(`axios-retry ${manifest.devDependencies['axios-retry']}`);
	expect(heading).toContain(`stripe-node ${manifest.devDependencies.stripe}`);
});

test('the SQL for those who run migrations is what setup() runs', () => {
	const [, sql = ''] = /```sql\n([^]*?)```/.exec(pageAt('docs/stores.md').text) ?? [];
	expect(sql).toBe(schemaSql('latchkey_operations'));
});

test('the changes begin with this version', () => {
	expect(/^## (\S+)$/m.exec(pageAt('CHANGELOG.md').text)?.[1]).toBe(manifest.version);
});
