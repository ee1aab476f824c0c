import {createServer, type IncomingMessage, type RequestListener, type ServerResponse} from 'node:http';
import {once} from 'node:events';
import type {AddressInfo} from 'node:net';
import {setTimeout as work} from 'node:timers/promises';
import {text} from 'node:stream/consumers';

/** How a server treats keys. The first of each is what a client would wish for. */
export type Treatment = {
	readonly keys?: 'honoured' | 'ignored' | 'upper-case' | 'first-64';
	readonly missing?: 400 | 'accepted';
	readonly empty?: 400 | 'shared';
	readonly scope?: 'caller' | 'none';
	readonly payload?: 'compared' | 'canonical' | 'not-compared' | 'executed';
	readonly after5xx?: 'saved' | 'freed' | 'locked';
	readonly after4xx?: 'saved' | 'freed';
	/** The 5xx comes before the effect, or after it. */
	readonly fails?: 'before' | 'after';
	readonly atOnce?: 'conflict' | 'conflict-bare' | 'all-run';
	/** What becomes of a key whose client has gone. */
	readonly afterAbort?: 'completed' | 'locked' | 'freed';
	/** Whether anything is ever written under a key. */
	readonly completes?: 'always' | 'never';
	/** Where the replay marker is. */
	readonly marks?: 'replays' | 'everything';
	readonly replays?: 'same' | 'unmarked' | 'current-state' | 'refused';
	/** An answer that is the same for every effect. */
	readonly answers?: 'telling' | 'alike';
	readonly cors?: 'none' | 'hiding';
};

type Answer = {readonly status: number; readonly headers?: Record<string, string>; readonly body: object};
type Held = {readonly payload: string; answer?: Answer};

/** A shop behind a guard that is as good or bad as said. `effects` counts orders; GET says how many there are. */
export function guard(treatment: Treatment = {}) {
	const held = new Map<string, Held>();
	const shop = {
		effects: 0,
		listener,
		/** All keys are gone. */
		forget: () => {
			held.clear();
		},
	};

	function listener(incoming: IncomingMessage, outgoing: ServerResponse): void {
		void answer(incoming, outgoing).then(({status, headers, body}) => {
			const marked = treatment.marks === 'everything' ? {'idempotent-replayed': 'true'} : {};
			const cors = treatment.cors === 'hiding' ? {'access-control-allow-origin': '*'} : {};
			outgoing
				.writeHead(status, {'content-type': 'application/json', ...cors, ...marked, ...headers})
				.end(JSON.stringify(body));
		});
	}

	async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<Answer> {
		const payload = await text(incoming);
		if (incoming.method === 'GET') return {status: 200, body: {count: shop.effects}};
		const id = idOf(incoming, treatment);
		if (id === undefined)
			return treatment.missing === 'accepted' ? execute(incoming, payload) : problem(400, 'missing');
		if (treatment.keys === 'ignored') return execute(incoming, payload);
		const known = held.get(id);
		if (known && !(treatment.atOnce === 'all-run' && known.answer === undefined)) return repeat(known, payload);
		const mine: Held = {payload: printed(payload)};
		held.set(id, mine);
		const result = await execute(incoming, payload);
		settle(id, mine, result, outgoing);
		return result;
	}

	function repeat(known: Held, payload: string): Answer | Promise<Answer> {
		if (treatment.payload !== 'not-compared' && known.payload !== printed(payload))
			return treatment.payload === 'executed'
				? work(1).then(() => effect(payload))
				: problem(422, 'idempotency key reused');
		if (known.answer === undefined)
			return {
				...problem(409, 'in progress'),
				headers: treatment.atOnce === 'conflict-bare' ? {} : {'retry-after': '0'},
			};
		if (treatment.replays === 'refused') return problem(409, 'done already');
		if (treatment.replays === 'unmarked') return known.answer;
		const body = treatment.replays === 'current-state' ? {...known.answer.body, state: 'shipped'} : known.answer.body;
		return {...known.answer, body, headers: {'idempotent-replayed': 'true'}};
	}

	function settle(id: string, mine: Held, result: Answer, outgoing: ServerResponse): void {
		if (treatment.completes === 'never') return;
		if (outgoing.destroyed && treatment.afterAbort === 'locked') return;
		if (outgoing.destroyed && treatment.afterAbort === 'freed') {
			held.delete(id);
			return;
		}

		const kind = result.status >= 500 ? treatment.after5xx : result.status >= 400 ? treatment.after4xx : 'saved';
		if (kind === 'freed') held.delete(id);
		else if (kind !== 'locked') mine.answer = result;
	}

	async function execute(incoming: IncomingMessage, payload: string): Promise<Answer> {
		await work(20);
		const fails = incoming.headers['x-fail'] !== undefined;
		if (fails && treatment.fails !== 'after') return {status: 500, body: {error: 'failed'}};
		const done = effect(payload);
		return fails && done.status < 400 ? {status: 500, body: {error: 'failed'}} : done;
	}

	function effect(payload: string): Answer {
		const {amount} = JSON.parse(payload) as {amount?: number};
		if (typeof amount !== 'number') return {status: 400, body: {error: 'no amount'}};
		shop.effects++;
		return {status: 201, body: treatment.answers === 'alike' ? {ok: true} : {id: `order-${shop.effects}`, amount}};
	}

	function printed(payload: string): string {
		return treatment.payload === 'canonical'
			? JSON.stringify(Object.entries(JSON.parse(payload) as object).toSorted(([a], [b]) => a.localeCompare(b)))
			: payload;
	}

	return shop;
}

function idOf({headers}: IncomingMessage, {keys, empty, scope}: Treatment): string | undefined {
	const key = headers['idempotency-key'];
	if (typeof key !== 'string' || (key === '' && empty !== 'shared')) return undefined;
	const caller = scope === 'none' ? '' : (headers.authorization ?? '');
	if (keys === 'upper-case') return caller + key.toUpperCase();
	return caller + (keys === 'first-64' ? key.slice(0, 64) : key);
}

function problem(status: number, title: string): Answer {
	return {status, headers: {'content-type': 'application/problem+json'}, body: {title}};
}

export type Started = AsyncDisposable & {readonly origin: string};

/** On loopback, on a free port. */
export async function start(listener: RequestListener): Promise<Started> {
	const server = createServer(listener);
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	return {
		origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
		async [Symbol.asyncDispose]() {
			server.closeAllConnections();
			await new Promise(resolve => server.close(resolve));
		},
	};
}
