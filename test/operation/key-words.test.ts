import {expect, test} from 'vitest';
import {answer, lose, ok, type Step} from '../support/fake-server.ts';
import {openShop} from './shop.ts';

const marked = {'idempotent-replayed': 'true'};

// A handler that saves its own answers about the key, in front of one that charges once per key.
test.each<[string, number, Record<string, string>, string]>([
	['in progress', 409, marked, 'A request with this idempotency key is being processed'],
	['in progress, in HTML', 409, {...marked, 'content-type': 'text/html'}, '<p>Idempotent request still running</p>'],
	['in progress, without a word of the key', 409, marked, 'The order is being processed'],
	['in progress, without a word of the key', 422, marked, 'The order is still in progress'],
	['another payload', 422, marked, 'Idempotency key reused with a different payload'],
	['used before', 409, {}, 'Idempotency key has already been used'],
	['used before', 400, {}, 'Idempotency key has already been used'],
])('%s (%d), after an effect whose answer was lost, never leads to a second one', async (_, status, headers, words) => {
	const {environment, realm, server} = openShop();
	server.script(lose, ...Array.from({length: 100}, () => answer(status, headers, words)));
	const {pay} = realm();
	for (const press of [1, 2, 3]) {
		expect((await environment.finish(pay())).outcome, `press ${press}`).toBe('unknown');
		environment.jump(60_000);
	}

	await environment.finish(realm().pay());
	expect(new Set(server.keys()).size).toBe(1);
	expect(server.charges()).toBe(1);
});

test.each(['Idempotency key has already been used', 'The request conflicted with another request (Idempotency-Key)'])(
	'a proxy repeats the first attempt unseen, and the answer to the copy is "%s": the key is kept',
	async words => {
		const {environment, realm, server} = openShop();
		const repeated: Step = async incoming => {
			await ok(incoming);
			return new Response(words, {status: 409});
		};
		server.script(repeated);
		const {pay} = realm({totalTimeout: 20_000});
		await environment.finish(pay());
		expect(await environment.finish(pay())).toMatchObject({outcome: 'succeeded'});
		expect(new Set(server.keys()).size).toBe(1);
		expect(server.charges()).toBe(1);
	},
);
