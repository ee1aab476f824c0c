import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import {expect, onTestFinished, test} from 'vitest';
import {settings, startNginx, type Settings} from '../../examples/chain/parts/nginx.ts';
import {freePort} from '../support/free-port.ts';

type Upstream = (incoming: IncomingMessage, outgoing: ServerResponse) => void;

const answers: Upstream = (_, outgoing) => void outgoing.end('done');
const dies: Upstream = (_, outgoing) => void outgoing.destroy();
const isSlow: Upstream = () => undefined;
const failsWith =
	(status: number): Upstream =>
	(_, outgoing) =>
		void outgoing.writeHead(status).end();
const diesInTheMiddle: Upstream = (_, outgoing) => {
	outgoing.writeHead(200, {'content-length': '1000'});
	outgoing.write('x'.repeat(100), () => outgoing.destroy());
};

/** Sends a request through NGINX to two upstreams, the first of which is asked first, and counts what came to each. */
async function ask(told: Settings, upstreams: readonly (Upstream | 'absent')[], method = 'POST') {
	const counts = upstreams.map(() => 0);
	const listen = async (upstream: Upstream | 'absent', i: number) => {
		if (upstream === 'absent') return freePort();
		const server = createServer((incoming, outgoing) => {
			// Whole, as a shop has it.
			incoming.resume().once('end', () => {
				counts[i]!++;
				upstream(incoming, outgoing);
			});
		});
		await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
		onTestFinished(() => {
			server.close();
			server.closeAllConnections();
		});
		return (server.address() as AddressInfo).port;
	};
	const nginx = await startNginx(await Promise.all(upstreams.map(listen)), told);
	onTestFinished(nginx.stop);
	const response = await fetch(`${nginx.origin}/orders`, {method, ...(method === 'POST' && {body: 'order'})});
	const whole = await response.text().then(
		() => true,
		() => false,
	);
	return {counts, status: response.status, whole};
}

const {defaults, repeating} = settings;
const only = (conditions: string): Settings => ({
	...repeating,
	location: `proxy_read_timeout 1s; proxy_next_upstream ${conditions};`,
});

test.each([
	['a POST whose upstream dies is not repeated by default', defaults, [dies, answers], [1, 0], 502],
	['a POST that reached nobody is repeated by default', defaults, ['absent', answers], [0, 1], 200],
	['a POST is not repeated for the condition alone', only('error timeout'), [dies, answers], [1, 0], 502],
	['nor for a time-out alone', only('error timeout'), [isSlow, answers], [1, 0], 504],
	['nor with non_idempotent for another condition', only('error non_idempotent'), [isSlow, answers], [1, 0], 504],
	['with both it is repeated: the upstream died', repeating, [dies, answers], [1, 1], 200],
	['with both it is repeated: the upstream was slow', repeating, [isSlow, answers], [1, 1], 200],
	['with both it is repeated: a 502', repeating, [failsWith(502), answers], [1, 1], 200],
	['a status that is not named is an answer', repeating, [failsWith(503), answers], [1, 0], 503],
	['no upstream is asked twice', repeating, [dies, dies], [1, 1], 502],
] as const)('%s', async (_, told, upstreams, counts, status) => {
	expect(await ask(told, upstreams)).toMatchObject({counts, status});
});

test('a GET whose upstream dies is repeated by default', async () => {
	expect(await ask(defaults, [dies, answers], 'GET')).toMatchObject({counts: [1, 1], status: 200});
});

test('nothing is repeated once its headers have reached the client', async () => {
	expect(await ask(repeating, [diesInTheMiddle, answers])).toEqual({counts: [1, 0], status: 200, whole: false});
});
