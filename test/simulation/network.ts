import {NotSentError} from '../../src/errors.ts';
import type {Check} from './check.ts';
import {never, type Life} from './life.ts';
import type {Fate} from './plan.ts';
import type {Arrival, Reply, Server} from './server.ts';
import type {Wire} from './wire.ts';
import type {World} from './world.ts';

type Fetch = (input: RequestInfo | URL, init?: RequestInit) => Promise<Response>;

/** What lies between the lives and the server. It delays, loses, repeats and answers by itself. */
export function createNetwork(
	world: World,
	server: Server,
	nextFate: () => Fate,
	check: Check,
	wire: Wire,
	isSignedIn: (operation: string) => boolean,
) {
	/** A copy of the request arrives, whether or not anybody still waits for its answer. */
	function carry(arrival: Arrival, ms: number, answered: (reply: Reply) => void): void {
		const truth = check.of(arrival.operation, arrival.key);
		truth.underWay++;
		world.at(ms, () => {
			server.receive(arrival, reply => {
				truth.underWay--;
				answered(reply);
			});
		});
	}

	function meet(
		fate: Fate,
		arrival: Arrival,
		follows: boolean,
		answer: (ms: number, reply: Reply | Error) => void,
	): void {
		const ignore = () => undefined;
		const lost = new TypeError('fetch failed');
		switch (fate.kind) {
			case 'through':
				carry(arrival, fate.there, reply => {
					answer(fate.back, reply);
				});
				break;
			case 'lose request':
				if (!fate.silent) answer(50, lost);
				break;
			case 'lose response':
				carry(arrival, fate.there, fate.silent ? ignore : () => answer(50, lost));
				break;
			case 'cut response':
				carry(arrival, fate.there, reply => {
					answer(50, {...reply, cut: true});
				});
				break;
			case 'duplicate':
				check.of(arrival.operation, arrival.key).duplicated = true;
				for (const copy of ['first', 'second'] as const)
					carry(arrival, copy === 'first' ? 50 : 50 + fate.gap, reply => {
						if (copy === fate.passOn) answer(50, reply);
					});
				break;
			case 'front': {
				const {status, retryAfter} = fate;
				answer(100, {status, ...(retryAfter !== undefined && {headers: {'retry-after': `${retryAfter}`}})});
				break;
			}
			case 'redirect': {
				const login = follows ? {status: 200, redirected: true} : {status: 302};
				if (fate.executed) carry(arrival, 50, () => answer(50, login));
				else answer(100, login);
				break;
			}
			case 'no connection':
				answer(10, new NotSentError({cause: lost}));
				break;
			case 'wrongly not sent':
				check.of(arrival.operation, arrival.key).misled = true;
				carry(arrival, fate.there, ignore);
				answer(10, new NotSentError({cause: lost}));
				break;
			case 'repeat turned away':
				check.of(arrival.operation, arrival.key).misled = true;
				carry(arrival, fate.there, ignore);
				answer(100, {status: fate.status});
				break;
		}
	}

	/** A question how a payment stands: it changes nothing, and may come to nothing. */
	function askStatus(fate: Fate, key: string, answer: (ms: number, reply: Reply | Error) => void): void {
		const {kind} = fate;
		if (kind === 'through') {
			world.at(fate.there, () => {
				answer(fate.back, server.statusOf(key));
			});
		} else if (kind === 'front') answer(100, {status: fate.status});
		else if (kind === 'redirect') answer(100, {status: 302});
		else answer(50, new TypeError('fetch failed'));
	}

	const cut = new WeakSet<Response>();
	const open = new WeakSet<Response>();
	/** The bodies that went under a key, for each payload. */
	const bodies = new Map<string, string>();

	function responseOf(reply: Reply): Response {
		const response = plainResponseOf(reply);
		if (reply.open) open.add(response);
		if (!reply.cut) return response;
		cut.add(response);
		return Object.defineProperty(response, 'arrayBuffer', {
			value: async () => Promise.reject(new TypeError('terminated')),
		});
	}

	return {
		/** Its body does not break off, and it says what became of the request. */
		isVerdict: (response: Response) => !cut.has(response) && !open.has(response),
		fetchOf(life: Life, written: (key: string) => boolean, ageOf: (operation: string, key: string) => number): Fetch {
			return async (input, init = {}) => {
				const goes = life.call();
				if (!goes) return never();
				const asked = init.method === 'GET' ? new Request(input).url.split('/').at(-1) : undefined;
				if (asked !== undefined) return ask(life, asked, init);
				const headers = new Headers(init.headers);
				const key = wire.keyOf(input, init) ?? 'no key';
				if (Number(headers.get('x-hops') ?? 1) > 1) check.violation('headers pile up over attempts');
				const sent = init.body as string;
				const body = wire.payloadOf(sent);
				const bytes = bodies.get(key + body) ?? sent;
				bodies.set(key + body, bytes);
				if (bytes !== sent || wire.isAstray(init)) check.violation(`${life.name} sent ${key} otherwise than before`);
				const {operation} = JSON.parse(body) as {operation: string};
				const arrival = {key, operation, body, sentAt: world.now(), by: life.name};
				const fate = nextFate();
				world.note(life.name, `sends ${key} for ${operation}`, fate);
				check.sent(life, arrival, written(key), ageOf(operation, key));
				if (!isSignedIn(operation)) check.violation(`${life.name} sent ${operation} when its user was gone`);
				return answerTo(life, key, init, answer => {
					meet(fate, arrival, init.redirect !== 'manual', answer);
				});
			};
		},
	};

	function ask(life: Life, key: string, init: RequestInit): Promise<Response> {
		const operation = check.idOf(key);
		world.note(life.name, `asks about ${key}`);
		if (!isSignedIn(operation)) check.violation(`${life.name} asked about ${operation} when its user was gone`);
		if (wire.bearsKey(init)) check.violation(`${life.name} asked under a key`);
		return answerTo(life, key, init, answer => {
			askStatus(nextFate(), key, (ms, reply) => {
				// Whoever hears this knows, whether or not it can be written down.
				const learns = () => check.of(operation, key).openFor.delete(life.name);
				if (!(reply instanceof Error) && reply.settles) life.later(ms, learns);
				answer(ms, reply);
			});
		});
	}

	/** `begin` is given who takes the answer, after so many milliseconds. */
	function answerTo(
		life: Life,
		key: string,
		{signal}: RequestInit,
		begin: (answer: (ms: number, reply: Reply | Error) => void) => void,
	): Promise<Response> {
		return new Promise((resolve, reject) => {
			const abort = () => {
				reject(signal?.reason);
			};
			if (signal?.aborted) abort();
			signal?.addEventListener('abort', abort);
			begin((ms, reply) => {
				life.later(ms, () => {
					world.note(life.name, `has for ${key}`, reply instanceof Error ? reply.message : reply);
					if (reply instanceof Error) reject(reply);
					else resolve(responseOf(reply));
				});
			});
		});
	}
}

function plainResponseOf({status, headers, body, redirected = false}: Reply): Response {
	const text = body === undefined ? '' : JSON.stringify(body);
	const type = body === undefined ? {} : {'content-type': 'application/json'};
	// With a length it is read in one piece.
	const response = new Response(text, {status, headers: {...type, ...headers, 'content-length': `${text.length}`}});
	Object.defineProperties(response, {
		url: {value: redirected ? 'https://shop.test/login' : 'https://shop.test/pay'},
		redirected: {value: redirected},
	});
	return response;
}
