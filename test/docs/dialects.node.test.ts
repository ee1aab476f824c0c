import {expect, test} from 'vitest';
import {known} from '../../scripts/dialects/known.ts';
import {shipped} from '../dialects/all.ts';
import {generated, withTables} from '../../scripts/dialects/table.ts';
import * as entry from '../../src/dialects/index.ts';
import {pageAt} from './pages.ts';

const {text} = pageAt('docs/dialects.md');

test('the tables of the page are those of the data: npm run docs:dialects', () => {
	expect(text).toBe(withTables(text));
	expect([...text.matchAll(/<!-- table: (\w+) -->/g)].map(([, name]) => name)).toEqual(Object.keys(generated));
});

test('a row that has changed is found', () => {
	expect(withTables(text.replace('`Cko-Idempotency-Key`', '`Idempotency-Key`'))).toBe(text);
});

test('every dialect of the package has its rows, and every row a source', () => {
	const exported = Object.values(entry).flatMap(it => ('profile' in it ? [it.profile.name] : []));
	expect(exported.filter(name => !shipped.some(({profile}) => profile.name === name))).toEqual([]);
	const sources = shipped.flatMap(({profile}) => profile.exchanges.map(({source}) => source));
	const elsewhere = sources.filter(source => !source.startsWith('https://'));
	expect(new Set(elsewhere)).toEqual(new Set(['latchkey']));
	expect(shipped.filter(({profile}) => !/^\d{4}-\d\d$/.test(profile.read))).toEqual([]);
});

test('what is second-hand never settles anything', () => {
	const rows = shipped.flatMap(({profile}) => profile.exchanges.filter(({secondHand}) => secondHand));
	expect(rows.length).toBeGreaterThan(0);
	expect(new Set(rows.map(({means}) => means))).toEqual(new Set(['in-progress']));
	expect(rows.filter(({saved}) => saved)).toEqual([]);
});

test('every field of a profile, and every meaning, is explained', () => {
	const {profile} = entry.defineDialect({
		...entry.paypal('orders').profile,
		...entry.stripe.profile,
		headersWith: () => ({}),
	});
	const fields = Object.keys(profile).filter(name => name !== 'name');
	expect(fields.filter(name => !text.includes(`| \`${name}\` |`))).toEqual([]);
	const means = shipped.flatMap(one => one.profile.exchanges.map(row => row.means));
	expect(means.filter(name => !text.includes(`\`${name}\``))).toEqual([]);
});

test('the others are named once, with their sources, in order', () => {
	const names = known.map(({name}) => name);
	expect(names.length).toBeGreaterThan(50);
	expect(names).toEqual([...new Set(names)].toSorted((one, other) => one.localeCompare(other, 'en')));
	expect(known.filter(({source}) => !source.startsWith('https://'))).toEqual([]);
});
