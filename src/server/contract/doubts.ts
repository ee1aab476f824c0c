import {answered, same} from '../../stores/contract/check.ts';
import {DAY, ID, LONG, PAID, SUBJECT, type EntryTest} from './bench.ts';

/** What nobody knows, and who finds it out. */
export const doubtTests: readonly EntryTest[] = [
	{
		title: 'doubt: never becomes absent by time, and no owner is given it',
		async run({ask, begin, release, lapse, store}) {
			await release(await begin({mayHaveActed: false}), 'doubt');
			await lapse();
			await store.sweep();
			for (const owner of ['ann', 'bob']) answered(await ask({owner, onLapsed: 'reexecute'}), 'doubt');
		},
	},
	{
		title: 'doubt: not after ten years either',
		needs: 3_653 * DAY,
		async run({ask, begin, release, elapse, store}) {
			await release(await begin(), 'doubt');
			await elapse(3_653 * DAY);
			same(await store.sweep(), 0, 'swept');
			answered(await ask(), 'doubt');
		},
	},
	{
		title: 'take: one at a time looks into a doubt; others are told that somebody is at it',
		async run({ask, begin, release, store}) {
			await release(await begin(), 'doubt');
			const take = async (_: unknown, i: number) => store.take(ID, {owner: `owner-${i}`, lease: LONG});
			const all = await Promise.all(Array.from({length: 30}, take));
			same(all.map(({status}) => status).toSorted(), [...Array(29).fill('busy'), 'taken'], 'the answers');
			answered(await ask({owner: 'bob'}), 'busy');
		},
	},
	{
		title: 'take: what it finds is kept from now, or frees the key, or stays a doubt',
		async run({ask, begin, answer, release, store}) {
			await release(await begin(), 'doubt');
			const first = answered(await store.take(ID, {owner: 'bob', lease: LONG}), 'taken').entry;
			same([first.state, first.subject, first.fingerprint], ['doubt', SUBJECT, 'print-1'], 'what is taken');
			await release(first, 'doubt');
			answered(await ask(), 'doubt');
			const second = answered(await store.take(ID, {owner: 'cid', lease: LONG}), 'taken').entry;
			answered(await answer(first), 'lost');
			await release(second, 'free');
			await release(await begin(), 'doubt');
			const third = answered(await store.take(ID, {owner: 'dan', lease: LONG}), 'taken').entry;
			await answer(third);
			same(answered(await ask(), 'answered').entry.answer, PAID, 'the answer');
		},
	},
	{
		title: 'take: a run whose lease is over, and nothing that is running, answered or free',
		async run({begin, answer, release, store, lease, lapse}) {
			const take = async () => store.take(ID, {owner: 'bob', lease: LONG});
			answered(await take(), 'none');
			const first = await begin({lease});
			answered(await take(), 'busy');
			await lapse();
			const taken = answered(await take(), 'taken').entry;
			answered(await answer(first), 'lost');
			await release(taken, 'free');
			await answer(await begin());
			answered(await take(), 'none');
		},
	},
	{
		title: 'resolve: replaces a doubt by its answer, or frees it; what is running or answered stays',
		async run({ask, begin, answer, release, store}) {
			const found = {answer: PAID, retention: DAY};
			same(await store.resolve(ID, found), {status: 'none'}, 'of nothing');
			const first = await begin();
			same(await store.resolve(ID, 'undone'), {status: 'busy'}, 'of what runs');
			await release(first, 'doubt');
			same(await store.resolve(ID, found), {status: 'resolved'}, 'of a doubt');
			const {entry, now} = answered(await ask(), 'answered');
			same([entry.answer, (entry.expiresAt ?? 0) > now], [PAID, true], 'answer and end');
			same(await store.resolve(ID, 'undone'), {status: 'none'}, 'of an answer');
			answered(await answer(first), 'lost');
		},
	},
	{
		title: 'resolve: replaces an answer that is for the time being, which has no end',
		async run({ask, begin, answer, store}) {
			await answer(await begin(), null, {...PAID, status: 202});
			same(answered(await ask(), 'answered').entry.expiresAt, undefined, 'its end');
			same(await store.resolve(ID, {answer: PAID, retention: DAY}), {status: 'resolved'}, 'the first');
			same(answered(await ask(), 'answered').entry.answer?.status, 201, 'the status');
			same(await store.resolve(ID, 'undone'), {status: 'none'}, 'the second');
		},
	},
	{
		title: 'resolve: a word about an older doubt says nothing of a newer one, though all else is the same',
		async run({ask, begin, release, store, elapse, listed}) {
			await release(await begin(), 'doubt');
			await elapse(5);
			const older = await listed();
			same(await store.resolve(ID, 'undone', older), {status: 'resolved'}, 'of the one that was seen');
			await release(await begin(), 'doubt');
			for (const found of ['undone', {answer: PAID, retention: DAY}] as const)
				same(await store.resolve(ID, found, older), {status: 'none'}, 'of the older one');
			answered(await ask({owner: 'bob'}), 'doubt');
			same(await store.resolve(ID, 'undone', await listed()), {status: 'resolved'}, 'of the newer one');
			await begin({owner: 'bob', fingerprint: 'print-2'});
		},
	},
	{
		title: 'resolve: nor does one of before somebody was at it again, or renewed its lease, or had another payload',
		async run({ask, begin, answer, release, store, lease, lapse, listed}) {
			const first = await begin({lease});
			await lapse();
			const lapsed = await listed();
			answered(await store.renew(ID, {...first, lease: LONG}), 'done');
			await release(first, 'doubt');
			same(await store.resolve(ID, 'undone', lapsed), {status: 'none'}, 'of before the renewal');
			const seen = await listed();
			await release(answered(await store.take(ID, {owner: 'bob', lease: LONG}), 'taken').entry, 'doubt');
			same(await store.resolve(ID, 'undone', seen), {status: 'none'}, 'of before it was looked into');
			const last = await listed();
			same(
				await store.resolve(ID, 'undone', {...last, fingerprint: 'print-2'}),
				{status: 'none'},
				'of another payload',
			);
			same(await store.resolve(ID, 'undone', last), {status: 'resolved'}, 'of the last');
			await answer(await begin(), null, {...PAID, status: 202});
			const pending = await listed();
			same(
				await store.resolve(ID, {answer: PAID, retention: DAY}, pending),
				{status: 'resolved'},
				'of what is pending',
			);
			same(answered(await ask(), 'answered').entry.answer?.status, 201, 'the status');
		},
	},
	{
		title: 'unsettled: the oldest of a guard that are running, in doubt or answered for the time being',
		async run({begin, answer, store, elapse}) {
			const ids = ['1', '2', '3', '4', '5'].map(it => it.repeat(64));
			const asked = {fingerprint: 'p', owner: 'ann', lease: LONG, mayHaveActed: true, onLapsed: 'doubt'} as const;
			await answer(await begin());
			for (const [i, id] of ids.entries()) {
				const subject = {...SUBJECT, key: `k${i}`, guard: i === 4 ? 'other' : 'shop'};
				const {token} = (await store.begin(id, {...asked, subject})).entry;
				if (i === 1) await store.release(id, {owner: 'ann', token, as: 'doubt'});
				if (i === 2) await store.answer(id, {owner: 'ann', token, retention: undefined, answer: PAID});
				if (i === 3) await store.answer(id, {owner: 'ann', token, retention: DAY, answer: PAID});
				await elapse(5);
			}

			const keys = async (limit: number) =>
				(await store.unsettled('shop', limit)).map(({entry}) => [entry.subject.key, entry.state]);
			const all = [
				['k0', 'running'],
				['k1', 'doubt'],
				['k2', 'answered'],
			];
			same(await keys(10), all, 'all of them');
			same(await keys(2), all.slice(0, 2), 'two of them');
		},
	},
];
