import {once} from 'node:events';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {text} from 'node:stream/consumers';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {engines, type Engine} from './engine.ts';
import type {Pressed, SendersTask} from './senders-child.ts';
import {startChild, type Child} from './start-child.ts';

type Presses = Child<SendersTask, Record<string, Pressed>>;

/** What the second process meets while the request of the first is still to be executed. */
const meetings = ['401', '402', '403', '409', '429', 'refused-connection'] as const;

/**
 * A server that honours keys. It executes the first request of each order only when it is told to; what stands in front of
 * it answers the second one.
 */
function startServer() {
	const executed = new Map<string, string>();
	const seen = new Map<string, number>();
	const waiting: Array<() => void> = [];
	let arrived: () => void = () => undefined;

	const listener = createServer((request, response) => {
		const serve = async () => {
			const name = (request.url ?? '').slice(1);
			const key = String(request.headers['idempotency-key']);
			await text(request);
			const times = (seen.get(name) ?? 0) + 1;
			seen.set(name, times);
			const execute = () => {
				const replayed = executed.has(key);
				executed.set(key, name);
				response.writeHead(201, replayed ? {'idempotent-replayed': 'true'} : {}).end();
			};
			if (times > 1) return times === 2 && Number(name) ? response.writeHead(Number(name)).end() : execute();
			waiting.push(execute);
			return arrived();
		};
		void serve();
	});

	return {
		listener,
		async listen(port = 0): Promise<number> {
			listener.listen(port, '127.0.0.1');
			await once(listener, 'listening');
			return (listener.address() as AddressInfo).port;
		},
		/** Resolves once so many requests wait to be executed. */
		async holds(count: number): Promise<void> {
			while (waiting.length < count)
				await new Promise<void>(resolve => {
					arrived = resolve;
				});
		},
		/** What has waited is executed, though nobody may be there to be told. */
		executeLate: () => {
			for (const execute of waiting.splice(0)) execute();
		},
		effectsOf: (name: string) => [...executed.values()].filter(executedName => executedName === name).length,
	};
}

describe.each(['idempotencyKey', 'keyFrom', 'contentKey'] as const)(
	'two processes that make the same key by %s',
	by => {
		let engine: Engine;
		const children: Presses[] = [];

		beforeAll(async () => {
			engine = await engines.sqlite();
		});

		afterAll(async () => {
			for (const child of children) await child.kill();
			await engine.stop();
		});

		async function start(): Promise<Presses> {
			const child = await startChild<SendersTask, Record<string, Pressed>>('senders-child.ts', {
				...engine.place,
				lease: 300,
			});
			children.push(child);
			return child;
		}

		test.each(['this-store', 'anywhere'] as const)(
			"make one effect each, by '%s', when the first dies in the middle and the other meets something else",
			async keySenders => {
				const [server, other] = [startServer(), startServer()];
				const [port, otherPort] = await Promise.all([server.listen(), other.listen()]);
				const at = (name: string) => (name === 'refused-connection' ? otherPort : port);
				const orders = meetings.map(name => ({name, url: `http://127.0.0.1:${at(name)}/${name}`}));
				const task = {orders, by, keySenders};
				const [first, second] = await Promise.all([start(), start()]);
				try {
					const lost = first.perform(task).catch(() => first.wasKilled());
					await Promise.all([server.holds(meetings.length - 1), other.holds(1)]);
					await first.kill();
					expect(await lost).toBe(true);
					other.listener.close();
					other.listener.closeAllConnections();

					const met = await second.perform(task);
					for (const name of meetings)
						expect({name, ...met[name]}).toMatchObject({name, outcome: 'unknown', keyKept: true});

					server.executeLate();
					other.executeLate();
					await other.listen(otherPort);
					const pressed = await second.perform(task);
					for (const name of meetings) {
						expect({name, ...pressed[name]}).toMatchObject({name, outcome: 'succeeded', key: met[name]?.key});
						expect([name, server.effectsOf(name) + other.effectsOf(name)]).toEqual([name, 1]);
					}
				} finally {
					for (const {listener} of [server, other]) {
						listener.closeAllConnections();
						listener.close();
					}
				}
			},
		);
	},
);
