import {request as requestOf} from 'node:http';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {eventually} from '../support/eventually.ts';
import {startWorkerd, type Workerd} from './workerd.ts';

let workerd: Workerd;

beforeAll(async () => {
	workerd = await startWorkerd('./guard-worker.ts');
});

afterAll(async () => {
	await workerd.close();
});

type Sent = {readonly path?: string; readonly user?: string | null; readonly amount?: number; readonly hold?: boolean};

/** A key of its own: the isolate is the same for all. */
function order() {
	const key = crypto.randomUUID();
	const headersOf = ({user = 'ann', hold = false}: Sent) => ({
		'content-type': 'application/json',
		'idempotency-key': key,
		...(user !== null && {'x-user': user}),
		...(hold && {'x-hold': 'yes'}),
	});
	const hasBegun = async (times: number) =>
		eventually(async () => expect(await workerd.read(`/begun?of=${key}`)).toBe(times));
	return {
		hasBegun,
		async send(sent: Sent = {}) {
			const {path = '/pay', amount = 1} = sent;
			const init = {method: 'POST', body: JSON.stringify({amount}), headers: headersOf(sent)};
			const response = await fetch(workerd.origin + path, init);
			return {
				status: response.status,
				text: await response.text(),
				replayed: response.headers.get('idempotent-replayed'),
			};
		},
		/** Sends it, and resets its connection once it runs. */
		async sendAndLeave(path = '/pay') {
			const outgoing = requestOf(workerd.origin + path, {
				method: 'POST',
				agent: false,
				headers: headersOf({hold: true}),
			});
			outgoing.on('error', () => undefined);
			const closed = new Promise(resolve => outgoing.once('close', resolve));
			outgoing.end('{"amount":1}');
			await hasBegun(1);
			outgoing.socket?.resetAndDestroy();
			await closed;
		},
		open: async () => fetch(`${workerd.origin}/open?of=${key}`),
		begun: async () => workerd.read(`/begun?of=${key}`),
	};
}

test('a repeat gets the answer of the first, made in another request of the isolate', async () => {
	const {send, begun} = order();
	const first = await send();
	expect([first.status, first.replayed]).toEqual([201, null]);
	expect(await send()).toEqual({...first, replayed: 'true'});
	expect(JSON.parse(first.text)).toMatchObject({
		amount: 1,
		user: 'ann',
		charge: expect.stringMatching(/^[\da-f-]{14}5/),
	});
	expect((await send({amount: 2})).status).toBe(422);
	expect(await begun()).toBe(1);
});

test('two users with one key are two, and nobody is none', async () => {
	const {send, begun} = order();
	const told = [await send(), await send({user: 'bob'}), await send(), await send({user: 'bob'})];
	expect(told.map(({text}) => (JSON.parse(text) as {user: string}).user)).toEqual(['ann', 'bob', 'ann', 'bob']);
	expect((await send({user: null})).status).toBe(401);
	expect(await begun()).toBe(2);
});

test('while one runs another is told so, or waits for its answer', async () => {
	const {send, open, begun, hasBegun} = order();
	const first = send({hold: true});
	await hasBegun(1);
	const busy = await send({hold: true});
	expect([busy.status, busy.text]).toEqual([409, expect.stringContaining('in-progress')]);
	const other = order();
	const running = other.send({path: '/waits', hold: true});
	await other.hasBegun(1);
	const waiting = other.send({path: '/waits', hold: true});
	await Promise.all([open(), other.open()]);
	expect([(await first).status, await begun()]).toEqual([201, 1]);
	expect(await waiting).toEqual({...(await running), replayed: 'true'});
	expect(await other.begun()).toBe(1);
});

test('a caller that leaves ends nothing, with waitUntil: the answer is kept for the next', async () => {
	const {sendAndLeave, send, open, begun} = order();
	await sendAndLeave();
	expect((await send({hold: true})).status).toBe(409);
	await open();
	await eventually(async () => expect(await send({hold: true})).toMatchObject({status: 201, replayed: 'true'}));
	expect(await begun()).toBe(1);
});

test('without waitUntil it ends the run, and its key does not run again', async () => {
	const {sendAndLeave, send, open, begun} = order();
	await sendAndLeave('/without');
	await open();
	const again = await send({path: '/without', hold: true});
	expect([again.status, await begun()]).toEqual([409, 1]);
});
