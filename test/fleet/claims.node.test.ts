import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import type {Claim, Store} from '../../src/stores/store.ts';
import {claimOf} from '../stores/claim-of.ts';
import type {ClaimReply, ClaimsTask} from './claims-child.ts';
import {engines, type Engine} from './engine.ts';
import {startChild, type Child} from './start-child.ts';
import {until} from './until.ts';

const PROCESSES = 5;
const CLAIMS = 10;

/** Where a step is one short section between two fsyncs, it takes more rounds to catch two in it. */
const rounds = {sqlite: 30, redis: 10, postgres: 10};

describe.each(['sqlite', 'redis', 'postgres'] as const)('50 claims at once from five processes, on %s', kind => {
	let engine: Engine;
	let store: Store;
	let children: ReadonlyArray<Child<ClaimsTask, ClaimReply[]>>;

	beforeAll(async () => {
		engine = await engines[kind]();
		({store} = engine);
		children = await Promise.all(
			Array.from({length: PROCESSES}, async () =>
				startChild<ClaimsTask, ClaimReply[]>('claims-child.ts', engine.place),
			),
		);
	}, 60_000);

	afterAll(async () => {
		for (const child of children) await child.kill();
		await engine.stop();
	});

	/** What all of them were answered, winner and losers apart. */
	async function rush(name: string, settle = false): Promise<{winners: ClaimReply[]; losers: ClaimReply[]}> {
		const task = {name, claims: CLAIMS, settle, at: Date.now() + 5};
		const replies = await Promise.all(children.map(async child => child.perform(task)));
		const all = replies.flat();
		expect(all).toHaveLength(PROCESSES * CLAIMS);
		return {
			winners: all.filter(({status}) => status === 'claimed'),
			losers: all.filter(({status}) => status !== 'claimed'),
		};
	}

	/** The operation as somebody left it whose lease is over. */
	async function abandoned(name: string, over: Partial<Claim> = {}): Promise<void> {
		const claim = claimOf({key: `left-${name}`, owner: 'gone', lease: 1, ...over});
		await store.claim({scope: '', name}, claim);
		await until(async () => {
			const {status} = await store.claim({scope: '', name}, claimOf({...claim, owner: 'look', onLapsed: 'report'}));
			return status === 'lapsed';
		});
	}

	async function recordOf(name: string) {
		const [{record} = {record: undefined}] = await store.list('', name);
		return record;
	}

	const names = (what: string) => Array.from({length: rounds[kind]}, (_, round) => `${what}-${round}`);

	test('one begins a fresh operation, and all others are told its key', async () => {
		for (const name of names('fresh')) {
			const {winners, losers} = await rush(name);
			expect(winners).toHaveLength(1);
			const [{key, candidate}] = winners as [ClaimReply];
			expect(key).toBe(candidate);
			expect(new Set(losers.map(loser => `${loser.status} ${loser.key}`))).toEqual(new Set([`busy ${key}`]));
			expect(await recordOf(name)).toMatchObject({key, token: 1, ambiguous: false, awaited: true});
		}
	});

	test('one begins it even if it settles while the others still ask', async () => {
		for (const name of names('settled')) {
			const {winners, losers} = await rush(name, true);
			expect(winners).toHaveLength(1);
			const [{key}] = winners as [ClaimReply];
			for (const loser of losers) {
				expect(['busy', 'settled']).toContain(loser.status);
				expect(loser.key).toBe(key);
			}

			expect(await recordOf(name)).toMatchObject({key, token: 1, state: {status: 'succeeded'}});
		}
	});

	test('one takes over where the lease is over, under the key that was there', async () => {
		for (const name of names('lapsed')) {
			await abandoned(name);
			const {winners, losers} = await rush(name);
			expect(winners).toMatchObject([{key: `left-${name}`}]);
			expect(new Set(losers.map(({status, key}) => `${status} ${key}`))).toEqual(new Set([`busy left-${name}`]));
			expect(await recordOf(name)).toMatchObject({key: `left-${name}`, token: 2, ambiguous: true});
		}
	});

	test('one takes over what is past its key age, and the key gets no younger', async () => {
		for (const name of names('old')) {
			await abandoned(name, {keyLife: 1});
			const before = await recordOf(name);
			const {winners, losers} = await rush(name);
			expect(winners).toMatchObject([{key: `left-${name}`}]);
			expect(new Set(losers.map(({status, key}) => `${status} ${key}`))).toEqual(new Set([`busy left-${name}`]));
			expect(await recordOf(name)).toMatchObject({token: 2, ambiguous: true, keyUntil: before?.keyUntil});
		}
	});

	test.each(['refused', 'freed'])('one begins anew what was %s and ought to have been swept by now', async how => {
		for (const name of names(how)) {
			const id = {scope: '', name};
			const key = `old-${name}`;
			const claim = claimOf({key});
			await store.claim(id, claim);
			const state = {status: 'refused'} as const;
			if (how === 'freed') await store.forget(id, {key, how: 'force'});
			else await store.settle(id, {key, owner: claim.owner, token: 1, state, fenced: true, keepAnswer: false});
			await engine.outlive(id);

			const {winners, losers} = await rush(name);
			expect(winners).toHaveLength(1);
			const [{key: next, candidate}] = winners as [ClaimReply];
			expect(next).toBe(candidate);
			expect(new Set(losers.map(loser => `${loser.status} ${loser.key}`))).toEqual(new Set([`busy ${next}`]));
			expect(await recordOf(name)).toMatchObject({key: next, token: 2, state: {status: 'sending'}});
		}
	});
});
