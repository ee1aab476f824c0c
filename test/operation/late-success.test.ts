import {describe, expect, test} from 'vitest';
import {answer, hang, unreachable} from '../support/fake-server.ts';
import {virtualEnvironment} from '../support/virtual-environment.ts';
import {gate, openShop} from './shop.ts';

const broken = async () => Promise.reject(new Error('disk full'));

/** An attempt whose answer comes when the gate opens, over a store whose clock goes on without it. */
async function slow(response: () => Response) {
	const shop = openShop();
	const time = virtualEnvironment(2);
	const {opened, open} = gate();
	const owner = shop.realm({timeout: false, totalTimeout: false}, {}, time);
	shop.server.script(async () => {
		await opened;
		return response();
	});
	const call = owner.pay();
	await time.settle();
	return {
		...shop,
		owner,
		key: shop.server.keys()[0],
		answered: async () => {
			open();
			return time.finish(call);
		},
	};
}

describe('a late answer under a key that was kept', () => {
	test('a success counts, whatever the record says by then', async () => {
		const {environment, realm, server, store, record, answered, key} = await slow(
			() => new Response(null, {status: 201}),
		);
		const held = await record();
		if (held === undefined || key === undefined) throw new Error('it was not claimed');
		await store.settle(held, {...held, state: {status: 'unprocessed'}, fenced: true, keepAnswer: false});
		expect(await answered()).toMatchObject({outcome: 'succeeded', key});
		expect(await record()).toMatchObject({key, state: {status: 'succeeded', httpStatus: 201}});
		expect((await environment.finish(realm().pay())).error).toMatchObject({code: 'ALREADY_SUCCEEDED'});
		expect(server.requests).toHaveLength(1);
	});

	test('so does a refusal that holds for every copy, and frees the key', async () => {
		const replay = () => new Response(null, {status: 402, headers: {'idempotent-replayed': 'true'}});
		const {store, record, answered} = await slow(replay);
		const held = await record();
		if (held === undefined) throw new Error('it was not claimed');
		await store.settle(held, {...held, state: {status: 'unprocessed'}, fenced: true, keepAnswer: false});
		expect(await answered()).toMatchObject({outcome: 'refused', keyKept: false});
		expect((await record())?.state).toEqual({status: 'refused', httpStatus: 402});
	});

	test('a success reaches who has begun again under it', async () => {
		const {environment, realm, server, store, record, answered} = await slow(() => new Response(null, {status: 201}));
		const held = await record();
		if (held === undefined) throw new Error('it was not claimed');
		await store.settle(held, {...held, state: {status: 'unprocessed'}, fenced: true, keepAnswer: false});
		server.script(unreachable, unreachable);
		const again = realm({retry: {delay: () => 1000}}).pay();
		await environment.advance(500);
		await answered();
		expect(await environment.finish(again)).toMatchObject({outcome: 'succeeded', attempts: 1});
		expect(server.requests).toHaveLength(2);
	});
});

describe('a success that comes for a key that another one has replaced', () => {
	test('after a forced forget() is an event that names both keys, and changes nothing', async () => {
		const {environment, realm, server, owner, record, answered, key} = await slow(
			() => new Response(null, {status: 201}),
		);
		const other = realm();
		await other.handle.forget({force: true});
		server.script(hang);
		void other.pay();
		await environment.settle();
		const replacedBy = server.keys()[1];
		expect(await answered()).toMatchObject({outcome: 'succeeded', key});
		expect(owner.events).toContainEqual(expect.objectContaining({type: 'late-success', key, replacedBy}));
		expect(replacedBy).not.toBe(key);
		expect(await record()).toMatchObject({key: replacedBy, state: {status: 'sending'}});
	});

	test('after a changed request, where it was not true that nothing was sent, it is one too', async () => {
		const {environment, realm, server, store, owner, record, answered, key} = await slow(
			() => new Response(null, {status: 201}),
		);
		const held = await record();
		if (held === undefined) throw new Error('it was not claimed');
		await store.settle(held, {...held, state: {status: 'unprocessed'}, fenced: true, keepAnswer: false});
		const {key: replacedBy} = await environment.finish(realm().pay({body: '{"cart":43}'}));
		await answered();
		expect(owner.events).toContainEqual(expect.objectContaining({type: 'late-success', key, replacedBy}));
		expect(await record()).toMatchObject({key: replacedBy, state: {status: 'succeeded'}});
		expect(server.keys()).toEqual([key, replacedBy]);
	});

	test('that the store took late is told when it does', async () => {
		const {environment, realm, server, store} = openShop();
		let works = false;
		const owner = realm({}, {settle: async (id, settlement) => (works ? store.settle(id, settlement) : broken())});
		const {key} = await environment.finish(owner.pay());
		const other = realm();
		await other.handle.forget({force: true});
		server.script(hang);
		void other.pay();
		await environment.settle();
		works = true;
		await environment.advance(600);
		const told = owner.events.filter(({type}) => type === 'late-success');
		expect(told).toEqual([expect.objectContaining({key, replacedBy: server.keys()[1]})]);
	});

	test('a late refusal is none', async () => {
		const {environment, realm, server, owner, answered} = await slow(() => new Response(null, {status: 402}));
		const other = realm();
		await other.handle.forget({force: true});
		server.script(answer(200));
		await environment.finish(other.pay());
		await answered();
		expect(owner.types()).not.toContain('late-success');
	});

	test('nor is a success whose key was only freed', async () => {
		const {realm, owner, record, answered, key} = await slow(() => new Response(null, {status: 201}));
		await realm().handle.forget({force: true});
		expect(await answered()).toMatchObject({outcome: 'succeeded', key});
		expect(owner.types()).not.toContain('late-success');
		expect(await record()).toMatchObject({key, freed: true, state: {status: 'succeeded'}});
	});
});
