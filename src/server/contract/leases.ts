import {answered, holds, same} from '../../stores/contract/check.ts';
import {ID, LONG, type EntryTest} from './bench.ts';

/** Whose a run is, and for how long. */
export const leaseTests: readonly EntryTest[] = [
	{
		title: 'lease: when it is over, what may have acted is a doubt, and what cannot is free',
		async run({ask, begin, release, store, lease, lapse}) {
			await begin({lease});
			await lapse();
			answered(await ask({owner: 'bob'}), 'doubt');
			await store.resolve(ID, 'undone');
			const first = await begin({lease, mayHaveActed: false});
			await lapse();
			const next = await begin({owner: 'bob', mayHaveActed: false});
			holds(next.token > first.token, 'the token grows');
			answered(await release(first, 'free'), 'lost');
		},
	},
	{
		title: 'lease: when it is over, it is taken by who runs again whatever was, with a greater token',
		async run({begin, answer, lease, lapse}) {
			const first = await begin({lease});
			await lapse();
			const next = await begin({owner: 'bob', onLapsed: 'reexecute'});
			holds(next.token > first.token, 'the token grows');
			answered(await answer(first), 'lost');
		},
	},
	{
		title: 'lease: who runs again whatever was knows since when, and what the one before has done',
		needs: 50,
		async run({ask, begin, answer, lease, lapse, elapse}) {
			await begin({lease});
			await lapse();
			const asked = {owner: 'bob', onLapsed: 'reexecute', mayHaveActed: false} as const;
			const {entry: next, now} = answered(await ask(asked), 'begun');
			holds(next.createdAt <= now - lease, 'it knows since when');
			same(next.mayHaveActed, true, 'what the one before has done');
			// An answer counts from when it was given, or it might be gone at once.
			answered(await answer(next, lease), 'done');
			await elapse(Math.ceil(lease / 2));
			answered(await ask(), 'answered');
		},
	},
	{
		title: 'lease: of 30 at once who run again whatever was, one does',
		async run({ask, begin, lease, lapse}) {
			await begin({lease});
			await lapse();
			const asked = {onLapsed: 'reexecute'} as const;
			const all = await Promise.all(Array.from({length: 30}, async (_, i) => ask({...asked, owner: `owner-${i}`})));
			same(all.filter(({status}) => status === 'begun').length, 1, 'those who began');
		},
	},
	{
		title: 'lease: its own owner goes on after it is over, if nobody has taken it',
		async run({ask, begin, answer, store, lease, lapse}) {
			const first = await begin({lease});
			await lapse();
			answered(await store.renew(ID, {...first, lease: LONG}), 'done');
			answered(await ask({owner: 'bob'}), 'busy');
			answered(await answer(first), 'done');
		},
	},
	{
		title: 'renew: counts from now, and keeps others out',
		async run({ask, begin, store, lease, lapse}) {
			const first = await begin({lease});
			answered(await store.renew(ID, {...first, lease: LONG}), 'done');
			await lapse();
			answered(await ask({owner: 'bob'}), 'busy');
		},
	},
	{
		title: 'mark: from there on it may have acted, and its lease counts anew',
		async run({ask, begin, store, lease, lapse}) {
			const first = await begin({lease, mayHaveActed: false});
			answered(await store.mark(ID, {...first, lease: lease * 2}), 'done');
			await lapse();
			answered(await ask({owner: 'bob', mayHaveActed: false}), 'busy');
			await lapse();
			answered(await ask({owner: 'bob', mayHaveActed: false}), 'doubt');
		},
	},
	{
		title: 'renew: not of what is free by now, because another may begin at any moment',
		async run({begin, store, lease, lapse}) {
			const first = await begin({lease, mayHaveActed: false});
			await lapse();
			answered(await store.renew(ID, {...first, lease}), 'lost');
		},
	},
	{
		title: 'take: who has it again writes nothing by what he was told before',
		async run({begin, answer, release, store, lease, lapse}) {
			await release(await begin(), 'doubt');
			const take = async (owner: string) => answered(await store.take(ID, {owner, lease}), 'taken').entry;
			const first = await take('bob');
			await lapse();
			await take('cid');
			await lapse();
			const last = await take('bob');
			answered(await answer(first), 'lost');
			answered(await answer(last), 'done');
		},
	},
];
