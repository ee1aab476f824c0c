import type {RequestListener} from 'node:http';
import {text} from 'node:stream/consumers';
import {expect, test} from 'vitest';
import {trapsIn} from '../../src/probe/traps.ts';
import {trapTexts, type TrapName} from '../../src/probe/trap-texts.ts';
import {guard, start} from './guard.ts';
import {everything, findings, reportOn, traps} from './run.ts';

/** A guard whose answers pass through something on their way. */
function before(listener: RequestListener, change: (...args: Parameters<RequestListener>) => boolean): RequestListener {
	return (incoming, outgoing) => {
		if (!change(incoming, outgoing)) listener(incoming, outgoing);
	};
}

function withHeaders(headers: Record<string, string>): RequestListener {
	return before(guard().listener, (_, outgoing) => {
		for (const [name, value] of Object.entries(headers)) outgoing.setHeader(name, value);
		return false;
	});
}

function answering(status: number, when: (key: string, authorization: string) => boolean): RequestListener {
	return before(guard().listener, ({headers}, outgoing) => {
		const is = when(String(headers['idempotency-key']), String(headers.authorization));
		if (is) outgoing.writeHead(status).end('{}');
		return is;
	});
}

/** Tells requests apart by their bodies, whatever their keys. */
function byBody(): RequestListener {
	const seen = new Map<string, number>();
	return (incoming, outgoing) => {
		void text(incoming).then(body => {
			if (!seen.has(body)) seen.set(body, seen.size + 1);
			const id = incoming.method === 'GET' ? {count: seen.size - 1} : {id: seen.get(body)};
			outgoing.writeHead(201 - Number(incoming.method === 'GET')).end(JSON.stringify(id));
		});
	};
}

/** Takes a key for ever once a second request has come for it, and both get 409. */
function deadlock(): RequestListener {
	const {listener} = guard();
	const running = new Map<string, number>();
	return (incoming, outgoing) => {
		const key = String(incoming.headers['idempotency-key']);
		const times = (running.get(key) ?? 0) + 1;
		running.set(key, times);
		if (incoming.method === 'GET') return listener(incoming, outgoing);
		setTimeout(() => {
			if ((running.get(key) ?? 0) > times || stuck.has(key)) {
				stuck.add(key);
				outgoing.writeHead(409).end('{}');
			} else if (times > 1 && !done.has(key)) outgoing.writeHead(409).end('{}');
			else {
				done.add(key);
				listener(incoming, outgoing);
			}
		}, 20);
	};
}

const stuck = new Set<string>();
const done = new Set<string>();

test.each<[TrapName, RequestListener, string, string]>([
	['replays-cookies', withHeaders({'set-cookie': 'sid=1'}), 'replay', 'replayed'],
	['marker-hidden-by-cors', withHeaders({'access-control-allow-origin': '*'}), 'replay', 'replayed'],
	['retry-after-hidden-by-cors', withHeaders({'access-control-allow-origin': '*'}), 'twenty-at-once', 'one-effect'],
	['quotes-refused', answering(400, key => key.startsWith('"')), 'quoted-key', 'refused'],
	['long-key-fails', answering(500, key => key.length > 255), 'long-key', 'failed'],
	['not-scoped', answering(409, (_, caller) => caller.includes('second')), 'two-credentials', 'refused'],
	['key-not-looked-at', byBody(), 'another-key', 'same-key'],
	['one-status-for-two', guard({mismatch: 409}).listener, 'other-payload', 'refused'],
	['never-ends', deadlock(), 'two-at-once', 'locked'],
])('%s', async (trap, listener, check, outcome) => {
	await using server = await start(listener);
	const report = await reportOn(`${server.origin}/orders`, ...everything, '--count', server.origin);
	expect(findings(report)[check]).toBe(outcome);
	expect(traps(report)).toContain(trap);
});

test.each([
	['exposed by name', {'access-control-expose-headers': 'Retry-After, Idempotent-Replayed'}],
	['exposed by a star', {'access-control-expose-headers': '*'}],
])('headers that are %s are not hidden', async (_, headers) => {
	await using server = await start(withHeaders({'access-control-allow-origin': '*', ...headers}));
	const found = traps(await reportOn(server.origin, ...everything));
	expect(found.filter(name => name.includes('cors'))).toEqual([]);
});

test('a star exposes nothing to requests with credentials', async () => {
	const headers = {'access-control-expose-headers': '*', 'access-control-allow-credentials': 'true'};
	await using server = await start(withHeaders({'access-control-allow-origin': 'https://shop.example', ...headers}));
	expect(traps(await reportOn(server.origin, ...everything))).toContain('marker-hidden-by-cors');
});

test('a second caller who is not let in says nothing of keys', async () => {
	await using server = await start(answering(403, (_, caller) => caller.includes('second')));
	const report = await reportOn(server.origin, ...everything);
	expect(findings(report)['two-credentials']).toBe('not-accepted');
	expect(traps(report)).not.toContain('not-scoped');
});

test('each trap is said once, and nothing seen is none', () => {
	const found = (name: string) => ({found: name, says: ''}) as never;
	const twice = new Map([
		['two-at-once', found('several-effects')],
		['twenty-at-once', found('several-effects')],
	] as const);
	expect(trapsIn({observations: [], findings: twice})).toEqual([{trap: 'race', says: trapTexts.race}]);
	expect(trapsIn({observations: [], findings: new Map()})).toEqual([]);
});
