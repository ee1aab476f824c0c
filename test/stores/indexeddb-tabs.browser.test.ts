import {afterEach, describe, expect, test, vi} from 'vitest';
import {indexedDbStore} from '../../src/stores/indexeddb.ts';
import {claimOf, ID} from './claim-of.ts';
import {freshName} from './database.ts';
import {openRealm} from './open-realm.ts';
import {eventually} from '../support/eventually.ts';

afterEach(() => {
	vi.restoreAllMocks();
	vi.unstubAllGlobals();
});

describe('two realms', () => {
	test('share their operations: one begins, the other is busy under the same key', async () => {
		const name = freshName();
		const [here, there] = [indexedDbStore({name}), (await openRealm()).indexedDbStore({name})];
		const claims = Array.from({length: 20}, async (_, i) =>
			(i % 2 === 0 ? here : there).claim(ID, claimOf({owner: `owner-${i}`, key: `key-${i}`})),
		);
		const results = await Promise.all(claims);
		expect(results.map(({status}) => status).toSorted()).toEqual([...Array(19).fill('busy'), 'claimed']);
		expect(new Set(results.map(result => 'record' in result && result.record.key)).size).toBe(1);
	});

	test('a claim of a realm that has died is still there', async () => {
		const name = freshName();
		const realm = await openRealm();
		await realm.indexedDbStore({name}).claim(ID, claimOf());
		realm.die();
		expect(await indexedDbStore({name}).claim(ID, claimOf({owner: 'bob'}))).toMatchObject({
			status: 'busy',
			record: {key: 'key-1', owner: 'ann'},
		});
	});

	test('a watcher hears the beginning, the outcome and the freeing by another realm', async () => {
		const name = freshName();
		const there = (await openRealm()).indexedDbStore({name});
		const listener = vi.fn<() => void>();
		indexedDbStore({name}).watch?.(ID, listener);
		await there.claim(ID, claimOf());
		await eventually(() => expect(listener).toHaveBeenCalledTimes(1));
		const outcome = {state: {status: 'succeeded'}, fenced: false, keepAnswer: false} as const;
		await there.settle(ID, {key: 'key-1', owner: 'ann', token: 1, ...outcome});
		await eventually(() => expect(listener).toHaveBeenCalledTimes(2));
		await there.forget(ID, {key: 'key-1', how: 'complete'});
		await eventually(() => expect(listener).toHaveBeenCalledTimes(3));
	});

	test('a watcher hears nothing of its own realm, of other operations, or once it has stopped', async () => {
		const name = freshName();
		const [here, there] = [indexedDbStore({name}), (await openRealm()).indexedDbStore({name})];
		const listener = vi.fn<() => void>();
		const stopped = vi.fn<() => void>();
		here.watch?.(ID, listener);
		here.watch?.({...ID, name: 'last'}, stopped)();
		const last = vi.fn<() => void>();
		here.watch?.({...ID, name: 'last'}, last);
		await here.claim(ID, claimOf());
		await there.claim({...ID, scope: 'scope-b'}, claimOf());
		// Messages arrive in order: after this one, the others have been delivered, too.
		await there.claim({...ID, name: 'last'}, claimOf());
		await eventually(() => expect(last).toHaveBeenCalledTimes(1));
		expect(listener).not.toHaveBeenCalled();
		expect(stopped).not.toHaveBeenCalled();
	});
});

describe('the channel between realms', () => {
	test('is open only while somebody watches, so that the page can be kept for the back button', async () => {
		const close = vi.spyOn(BroadcastChannel.prototype, 'close');
		const store = indexedDbStore({name: freshName()});
		const stops = [store.watch?.(ID, () => {}), store.watch?.({...ID, name: 'other'}, () => {})];
		stops[0]?.();
		expect(close).not.toHaveBeenCalled();
		stops[1]?.();
		expect(close).toHaveBeenCalledTimes(1);
	});

	test('is opened once for all news, and closed when the page is left, so that news of others cannot drop it', async () => {
		const post = vi.spyOn(BroadcastChannel.prototype, 'postMessage');
		const close = vi.spyOn(BroadcastChannel.prototype, 'close');
		const store = indexedDbStore({name: freshName()});
		await store.claim(ID, claimOf());
		await store.forget(ID, {key: 'key-1', how: 'force'});
		expect(post.mock.calls).toEqual([[ID], [ID]]);
		expect(new Set(post.mock.contexts).size).toBe(1);
		expect(close).not.toHaveBeenCalled();
		// Other stores of this page hear it, too.
		dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}));
		expect(close.mock.contexts).toContain(post.mock.contexts[0]);
	});

	test('is opened anew for news of a page that came back', async () => {
		const name = freshName();
		const [here, there] = [indexedDbStore({name}), (await openRealm()).indexedDbStore({name})];
		await here.claim(ID, claimOf());
		dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}));
		const listener = vi.fn<() => void>();
		there.watch?.(ID, listener);
		await here.forget(ID, {key: 'key-1', how: 'force'});
		await eventually(() => expect(listener).toHaveBeenCalledTimes(1));
	});

	test('stays open through that for who watches', async () => {
		const name = freshName();
		const [here, there] = [indexedDbStore({name}), (await openRealm()).indexedDbStore({name})];
		const listener = vi.fn<() => void>();
		await here.claim(ID, claimOf());
		here.watch?.(ID, listener);
		dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}));
		await there.forget(ID, {key: 'key-1', how: 'force'});
		await eventually(() => expect(listener).toHaveBeenCalledTimes(1));
	});

	test.for([
		['a worker, which does not hear that its page is left', () => vi.stubGlobal('onpagehide', undefined)],
		[
			'a page that is played by Node, which an open channel keeps up',
			() =>
				vi.stubGlobal(
					'BroadcastChannel',
					class extends BroadcastChannel {
						unref() {}
					},
				),
		],
	] as const)('is closed again after each news in %s', async ([, pretend]) => {
		pretend();
		const close = vi.spyOn(BroadcastChannel.prototype, 'close');
		const store = indexedDbStore({name: freshName()});
		await store.claim(ID, claimOf());
		expect(close).toHaveBeenCalledTimes(1);
		store.watch?.(ID, () => {});
		await store.forget(ID, {key: 'key-1', how: 'force'});
		expect(close).toHaveBeenCalledTimes(1);
	});

	test('may be missing, or fail: the step counts all the same', async () => {
		const store = indexedDbStore({name: freshName()});
		vi.spyOn(BroadcastChannel.prototype, 'postMessage').mockImplementation(() => {
			throw new DOMException('closed', 'InvalidStateError');
		});
		expect(await store.claim(ID, claimOf())).toMatchObject({status: 'claimed'});
		vi.stubGlobal('BroadcastChannel', undefined);
		expect(await store.forget(ID, {key: 'key-1', how: 'force'})).toMatchObject({status: 'freed'});
		expect(() => store.watch?.(ID, () => {})()).not.toThrow();
	});
});

describe('presence', () => {
	const never = new AbortController().signal;
	const owner = () => crypto.randomUUID();

	/** The names of the locks that are held or asked for, once all that was done with locks before has taken effect. */
	async function locks(state: 'held' | 'pending') {
		await navigator.locks.request(owner(), () => {});
		const all = await navigator.locks.query();
		return (all[state] ?? []).map(({name}) => name);
	}

	test('an owner is there until it is released', async () => {
		const [who, {presence}] = [owner(), indexedDbStore()];
		const release = await presence!.hold(who);
		expect(await locks('held')).toContain(`latchkey:${who}`);
		release();
		await presence!.gone(who, never);
		expect(await locks('held')).not.toContain(`latchkey:${who}`);
	});

	test('whoever waits for an owner hears that its realm has died', async () => {
		const realm = await openRealm();
		const who = owner();
		await realm.indexedDbStore().presence!.hold(who);
		let isGone = false;
		const gone = indexedDbStore()
			.presence!.gone(who, never)
			.then(() => (isGone = true));
		expect(await locks('pending')).toContain(`latchkey:${who}`);
		expect(isGone).toBe(false);
		realm.die();
		expect(await gone).toBe(true);
	});

	test('an owner that nobody holds is gone at once', async () => {
		await expect(indexedDbStore().presence!.gone(owner(), never)).resolves.toBeUndefined();
	});

	test('waiting ends when its signal aborts, with the reason of it', async () => {
		const [who, {presence}] = [owner(), indexedDbStore()];
		const release = await presence!.hold(who);
		const leaving = new AbortController();
		const waiting = presence!.gone(who, leaving.signal);
		leaving.abort(new Error('left'));
		await expect(waiting).rejects.toThrow('left');
		release();
	});

	test('does not stand in the way where locks are forbidden: there the claim says what is wrong', async () => {
		vi.spyOn(LockManager.prototype, 'request').mockRejectedValue(new DOMException('opaque', 'SecurityError'));
		const release = await indexedDbStore().presence!.hold(owner());
		expect(release).not.toThrow();
	});

	test('fails to hold for any other reason', async () => {
		vi.spyOn(LockManager.prototype, 'request').mockRejectedValue(new DOMException('gone', 'InvalidStateError'));
		await expect(indexedDbStore().presence!.hold(owner())).rejects.toMatchObject({name: 'InvalidStateError'});
	});

	test('is not offered where there are no Web Locks', () => {
		vi.spyOn(navigator, 'locks', 'get').mockReturnValue(undefined as unknown as LockManager);
		expect(indexedDbStore()).not.toHaveProperty('presence');
	});
});
