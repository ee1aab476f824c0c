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
	readonly mismatch?: 422 | 409;
	readonly after5xx?: 'saved' | 'freed' | 'locked' | 'unknown';
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
	/** What tells effects apart: an id; nothing; nothing but a time and the id of the request. */
	readonly answers?: 'telling' | 'alike' | 'passing';
	readonly carrier?: 'header' | 'body';
	/** A member that may be there once, whatever the key. */
	readonly unique?: string;
	/** In milliseconds: until an effect is counted. */
	readonly late?: number;
	/** In milliseconds: for which a handler is at work. */
	readonly work?: number;
	/** So many requests, and then 429. */
	readonly limit?: number;
	readonly success?: 201 | 202;
	readonly cors?: 'none' | 'hiding';
};

type Answer = {readonly status: number; readonly headers?: Record<string, string>; readonly body: object};
type Held = {readonly payload: string; answer?: Answer; isUnknown?: boolean};

/** A shop behind a guard that is as good or bad as said. `effects` counts orders; GET says how many there are. */
export function guard(treatment: Treatment = {}) {
	const held = new Map<string, Held>();
	const taken = new Set<unknown>();
	let requests = 0;
	const shop = {
		effects: 0,
		/** Those that are counted. */
		shown: 0,
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
			const passing = treatment.answers === 'passing' ? {requestId: ++requests, servedAt: performance.now()} : {};
			outgoing
				.writeHead(status, {'content-type': 'application/json', ...cors, ...marked, ...headers})
				.end(JSON.stringify({...body, ...passing}));
		});
	}

	async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<Answer> {
		const payload = await text(incoming);
		if (incoming.method === 'GET') return {status: 200, body: {count: shop.shown}};
		if (++requests > (treatment.limit ?? Infinity)) return problem(429, 'slow down');
		const id = idOf(incoming, treatment, payload);
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
				: problem(treatment.mismatch ?? 422, 'idempotency key reused');
		if (known.isUnknown)
			return {
				...problem(409, 'the outcome under this idempotency key is unknown'),
				headers: {'x-should-retry': 'false'},
			};
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
		else if (kind === 'unknown') mine.isUnknown = true;
		else if (kind !== 'locked') mine.answer = result;
	}

	async function execute(incoming: IncomingMessage, payload: string): Promise<Answer> {
		await work(treatment.work ?? 20);
		const fails = incoming.headers['x-fail'] !== undefined;
		if (fails && treatment.fails !== 'after') return {status: 500, body: {error: 'failed'}};
		const done = effect(payload);
		return fails && done.status < 400 ? {status: 500, body: {error: 'failed'}} : done;
	}

	function effect(payload: string): Answer {
		const {amount, ...rest} = JSON.parse(payload) as {amount?: number; [name: string]: unknown};
		const unique = rest[treatment.unique ?? ''];
		if (unique !== undefined && taken.has(unique)) return problem(409, 'exists');
		taken.add(unique);
		if (typeof amount !== 'number') return {status: 400, body: {error: 'no amount'}};
		shop.effects++;
		void work(treatment.late ?? 0).then(() => shop.shown++);
		const telling = treatment.answers === undefined || treatment.answers === 'telling';
		return {status: treatment.success ?? 201, body: telling ? {id: `order-${shop.effects}`, amount} : {ok: true}};
	}

	function printed(payload: string): string {
		return treatment.payload === 'canonical'
			? JSON.stringify(Object.entries(JSON.parse(payload) as object).toSorted(([a], [b]) => a.localeCompare(b)))
			: payload;
	}

	return shop;
}

function idOf({headers}: IncomingMessage, {keys, empty, scope, carrier}: Treatment, payload: string) {
	const inBody = carrier === 'body' ? (JSON.parse(payload) as {key?: unknown}).key : undefined;
	const key = carrier === 'body' ? inBody : headers['idempotency-key'];
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
