import {expect, test, vi} from 'vitest';
import {createFetch} from '../src/fetch.ts';
import {memoryStore} from '../src/stores/memory.ts';
import {operationOf} from '../src/operation/handle.ts';

test('a subscribed handle looks again when the page comes back from the back/forward cache, and only then', async () => {
	const add = vi.spyOn(globalThis, 'addEventListener');
	const remove = vi.spyOn(globalThis, 'removeEventListener');
	const called = (spy: typeof add | typeof remove) => spy.mock.calls.filter(([type]) => type === 'pageshow').length;
	const list = vi.fn<() => never[]>(() => []);
	const handle = operationOf(createFetch({store: {...memoryStore(), list}}), 'pay');
	const stops = [handle.subscribe(() => undefined), handle.subscribe(() => undefined)];
	expect(called(add)).toBe(1);
	await vi.waitFor(() => expect(handle.state.status).toBe('idle'));
	list.mockClear();
	globalThis.dispatchEvent(new PageTransitionEvent('pageshow', {persisted: false}));
	expect(list).not.toHaveBeenCalled();
	globalThis.dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}));
	await vi.waitFor(() => expect(list).toHaveBeenCalledOnce());
	for (const stop of stops) {
		expect(called(remove)).toBe(0);
		stop();
	}

	expect(called(remove)).toBe(1);
	list.mockClear();
	globalThis.dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}));
	await handle.complete();
	expect(list).toHaveBeenCalledTimes(1);
});
