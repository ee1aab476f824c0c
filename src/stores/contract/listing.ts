import type {OperationRecord} from '../../operation/record.ts';
import type {Bench, ContractTest} from './bench.ts';
import {DAY, SUITE_LEASE} from './bench.ts';
import {answered, holds, same} from './check.ts';

const claim = {fingerprint: 'print-1', owner: 'ann', lease: SUITE_LEASE, keyLife: DAY, onLapsed: 'take'} as const;

async function beginAs({store}: Bench, scope: string, name: string, key: string) {
	return answered(await store.claim({scope, name}, {...claim, key}), 'claimed').record;
}

async function namesIn({store}: Bench, scope: string): Promise<string[]> {
	return (await store.list(scope)).map(({record}) => record.name).toSorted();
}

const long = Array.from({length: 2500}, (_, i) => String((i * 7919) % 9973).padStart(4, '0')).join('');
const hostile = [
	` `,
	`a`,
	`a `,
	`A`,
	`a\u0000`,
	`a\u0000b`,
	`é`,
	`e\u0301`,
	`💳 "cart" 'x' \`y\``,
	`'; DROP TABLE operations; --`,
	`%_*?[a-z]\\`,
	`a:b/c|d\n\r\t{}$1`,
	`__proto__`,
	`toString`,
	`["checkout",42]`,
	long,
	`${long}0`,
];

/** Which records there are, and which may go. */
export const listTests: readonly ContractTest[] = [
	{
		title: 'list: gives the records of a scope, or the one of a name, and nothing of another scope',
		async run(bench) {
			const one = await beginAs(bench, 'scope-a', 'one', 'key-1');
			await beginAs(bench, 'scope-a', 'two', 'key-2');
			await beginAs(bench, 'scope-b', 'one', 'key-3');
			same(await namesIn(bench, 'scope-a'), ['one', 'two'], 'the names of the scope');
			same(await namesIn(bench, 'scope-b'), ['one'], 'the names of the other scope');
			const [found] = await bench.store.list('scope-a', 'one');
			same(found?.record, one, 'the record of the name');
			holds(found !== undefined && found.now >= one.createdAt, "the list tells the store's time");
			same(await bench.store.list('scope-b', 'two'), [], 'a name of another scope');
			same(await bench.store.list(''), [], 'the empty scope');
		},
	},
	{
		title: 'list: gives freed and settled records, too',
		async run({begin, settle, free, store, id}) {
			await settle(await begin(), {status: 'succeeded'});
			same((await store.list(id.scope)).length, 1, 'the number of records');
			await free('complete');
			same(
				(await store.list(id.scope)).map(({record}) => record.freed),
				[true],
				'freed',
			);
		},
	},
	{
		title: 'list: what is open is among what is asked for as such, and of its scope',
		async run(bench) {
			for (const name of ['paid', 'sending', 'unknown', 'forced']) {
				const held = await beginAs(bench, 'scope-a', name, `key-${name}`);
				const id = {scope: 'scope-a', name};
				const weak = {fenced: false, keepAnswer: false};
				if (name === 'paid') await bench.store.settle(id, {...held, ...weak, state: {status: 'succeeded'}});
				if (name === 'unknown') await bench.store.settle(id, {...held, ...weak, state: {status: 'unknown'}});
				if (name === 'forced') await bench.store.forget(id, {key: held.key, how: 'force'});
			}

			await beginAs(bench, 'scope-b', 'sending', 'key-1');
			const recordsOf = async (open?: boolean) =>
				(await bench.store.list('scope-a', undefined, open)).map(({record}) => record);
			const all = await recordsOf();
			const listed = await recordsOf(true);
			const isOpen = ({name}: {name: string}) => name === 'sending' || name === 'unknown';
			const sorted = (records: readonly OperationRecord[]) => records.toSorted((a, b) => (a.name < b.name ? -1 : 1));
			same(sorted(listed.filter(isOpen)), sorted(all.filter(isOpen)), 'the open records');
			same(
				listed.every(({scope}) => scope === 'scope-a'),
				true,
				'of that scope',
			);
		},
	},
	{
		title: 'names: hostile ones are kept apart and come back as they were',
		async run(bench) {
			for (const [i, name] of hostile.entries()) await beginAs(bench, 'scope-a', name, `key-${i}`);
			same(await namesIn(bench, 'scope-a'), hostile.toSorted(), 'the names');
			for (const [i, name] of hostile.entries()) {
				const [{record} = {record: undefined}] = await bench.store.list('scope-a', name);
				same([record?.name, record?.key], [name, `key-${i}`], 'name and key');
			}
		},
	},
	{
		title: 'names: scope and name do not run into each other, and the empty scope is one like any other',
		async run(bench) {
			const ids = [
				['a', 'b:c'],
				['a:b', 'c'],
				['', 'a:b:c'],
				['a\u0000b', 'c'],
				['a', 'b\u0000c'],
			] as const;
			for (const [i, [scope, name]] of ids.entries()) await beginAs(bench, scope, name, `key-${i}`);
			for (const [i, [scope, name]] of ids.entries())
				same(
					(await bench.store.list(scope, name)).map(({record}) => record.key),
					[`key-${i}`],
					'the key',
				);
			same(await namesIn(bench, ''), ['a:b:c'], 'the names of the empty scope');
			same(await namesIn(bench, 'a'), ['b\u0000c', 'b:c'], 'the names of the scope a');
		},
	},
	{
		title: 'keys: the longest, of the oddest visible ASCII, comes back as it was',
		async run({begin}) {
			const key = `'"\`\\$%&;--{}[]<>~!#*()`.padEnd(255, '=');
			same((await begin({key})).key, key, 'the key');
			same((await begin()).key, key, 'the key, claimed again');
		},
	},
	{
		title: 'sweep: drops what is past its time, and never what is open',
		needs: 91 * DAY,
		async run(bench) {
			const settled = {fenced: false, keepAnswer: false};
			const {store, elapse} = bench;
			for (const name of ['sending', 'unknown', 'refused', 'succeeded', 'forced']) {
				const held = await beginAs(bench, 'scope-a', name, `key-${name}`);
				const id = {scope: 'scope-a', name};
				if (name === 'forced') await store.forget(id, {key: held.key, how: 'force'});
				else if (name !== 'sending') {
					const state = {status: name as 'unknown' | 'refused' | 'succeeded'};
					await store.settle(id, {...held, ...settled, state});
				}
			}

			/** Two sweeps a day apart, as a store on the process's clock needs them. */
			const sweepTwice = async () => {
				await store.sweep();
				await elapse(DAY);
				await store.sweep();
			};
			await elapse(7 * DAY - 1);
			await store.sweep();
			same((await namesIn(bench, 'scope-a')).length, 5, 'the number of records within 7 days');
			await elapse(1);
			await sweepTwice();
			same(await namesIn(bench, 'scope-a'), ['sending', 'succeeded', 'unknown'], 'the names after 7 days');
			await elapse(82 * DAY + 1);
			await sweepTwice();
			same(await namesIn(bench, 'scope-a'), ['sending', 'unknown'], 'the names after 90 days');
		},
	},
];
