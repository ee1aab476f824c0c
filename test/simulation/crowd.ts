import {createFetchIn} from '../../src/fetch.ts';
import type {Snapshot} from '../../src/operation/snapshot.ts';
import {memoryStoreIn} from '../../src/stores/memory.ts';
import type {Store} from '../../src/stores/store.ts';
import {toldOf} from '../support/told.ts';
import {createFlatTime} from './flat-time.ts';
import {operationOf} from '../../src/operation/handle.ts';

/** One page that shows hundreds of operations, and another that takes part: what goes wrong with them, by a seed. */
export async function crowd(seed: number): Promise<string[]> {
	const random = dice(seed);
	const size = 150 + random(151);
	const watches = random(2) === 0;
	const each = 1 + random(3);
	const time = createFlatTime();
	const {environment} = time;
	const memory = memoryStoreIn(environment);
	const watchers = new Map<string, Set<() => void>>();
	const violations: string[] = [];
	let lists = 0;
	let changes = 0;

	/** Each page's own way to the store, which tells the page that is shown of the other's changes. */
	function storeOf(isShown: boolean): Store {
		const told = <T>(name: string, result: T): T => {
			if (isShown) return result;
			changes++;
			if (watches) for (const listener of watchers.get(name) ?? []) environment.timer(listener, 1);
			return result;
		};
		return {
			...memory,
			claim: (id, claim) => told(id.name, memory.claim(id, claim)),
			settle: (id, settlement) => told(id.name, memory.settle(id, settlement)),
			forget: (id, freeing) => told(id.name, memory.forget(id, freeing)),
			async list(scope, name) {
				if (isShown) lists++;
				return memory.list(scope, name);
			},
			...(watches && {
				watch(id, listener) {
					const listeners = watchers.get(id.name) ?? new Set();
					watchers.set(id.name, listeners.add(listener));
					return () => listeners.delete(listener);
				},
			}),
		};
	}

	const send = async (input: RequestInfo | URL) =>
		Response.json({}, {status: new Request(input).url.endsWith('/declined') ? 402 : 201});
	const open = (isShown: boolean) => createFetchIn(environment, {fetch: send, store: storeOf(isShown), scope: null});
	const [shown, other] = [open(true), open(false)];

	const handles = Array.from({length: size}, (_, i) => operationOf(shown, ['pay', i]));
	const states = new Map<number, Snapshot['status'][]>();
	const due = new Map<number, Snapshot['status']>();
	const stops = handles.flatMap((handle, i) =>
		Array.from({length: each}, () =>
			handle.subscribe(({status}) => {
				states.set(i, [...(states.get(i) ?? []), status]);
			}),
		),
	);
	await time.pass(1_000);
	if (lists > size) violations.push(`${lists} looks at the store for ${size} handles`);

	const before = lists;
	const tried = new Set<number>();
	const paid = 20 + random(size);
	for (let i = 0; i < paid; i++) {
		const which = random(size);
		if (tried.has(which)) continue;
		tried.add(which);
		const isHere = random(2) === 0;
		const path = random(3) === 0 ? '/declined' : '/pay';
		const fetch = isHere ? shown : other;
		await time.finish(toldOf(fetch(path, {method: 'POST', body: '1', operation: ['pay', which]})));
		// Without a watch the other page's are seen when they are looked at anew.
		const told = path === '/pay' ? 'succeeded' : 'refused';
		if (isHere || watches) due.set(which, told);
		await time.pass(random(200));
	}

	await time.pass(60_000);
	const looks = lists - before;
	// What changed elsewhere is looked at by each subscriber, once; what changed here is known.
	const most = watches ? each * changes : 0;
	if (looks > most) violations.push(`${looks} looks at the store for ${changes} changes elsewhere`);

	for (const [i, handle] of handles.entries()) {
		const wanted = due.get(i) ?? 'idle';
		const {status} = handle.state;
		if (status !== wanted && (watches || due.has(i))) violations.push(`handle ${i} shows ${status}, not ${wanted}`);
		if (handle.state !== handle.state) violations.push(`handle ${i} shows another state each time`);
		if ((states.get(i) ?? []).lastIndexOf('loading') >= each) violations.push(`handle ${i} was evicted`);
	}

	const atRest = lists;
	await time.pass(60_000);
	if (lists > atRest) violations.push(`${lists - atRest} looks at the store when nothing happens`);
	for (const stop of stops) stop();
	if ([...watchers.values()].some(listeners => listeners.size > 0)) violations.push('somebody still watches');
	return violations;
}

/** Whole numbers below `sides`, the same for each seed. */
function dice(seed: number): (sides: number) => number {
	let state = Math.imul(seed, 0x9e_37_79_b1) >>> 0;
	return sides => {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
		return Math.floor((state / 4_294_967_296) * sides);
	};
}
