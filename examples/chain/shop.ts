/** A process of the chain: one of two upstreams behind NGINX. */
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import {buffer} from 'node:stream/consumers';
import {Redis} from 'ioredis';
import type {PoolClient} from 'pg';
import {postgresOutbox} from '../../src/consumer/index.ts';
import {parent as parentOf} from './parts/child.ts';
import {poolAt} from './parts/database.ts';
import type {Keeping} from './parts/part.ts';
import {coupledShop} from './shops/coupled.ts';
import {leasedShop} from './shops/leased.ts';
import type {AddMessage} from './shops/place.ts';
import {plainShop} from './shops/plain.ts';

const parent = parentOf();
const {config} = parent;
const pool = poolAt(config.database);

type Shop = (request: Request) => Promise<Response>;

const shops: Record<Keeping, () => Shop | Promise<Shop>> = {
	nobody: () => plainShop(pool, parent),
	transaction: async () => coupledShop(pool, await addMessage(), parent),
	redis: async () =>
		leasedShop({client: new Redis(config.redis), prefix: config.prefix}, pool, await addMessage(), parent),
};
const shop = await shops[config.keeping]();

async function addMessage(): Promise<AddMessage> {
	const outbox = postgresOutbox<PoolClient>({database: pool});
	await outbox.setup();
	return async (tx, number) =>
		outbox.add(tx, {topic: config.topic, key: String(number), value: JSON.stringify({number})});
}

async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
	const {method = 'POST', url = '/', headers} = incoming;
	const number = Number(headers['x-order']);
	parent.arrived(number);
	const body = await buffer(incoming);
	const response = await shop(
		new Request(new URL(url, 'http://shop.test'), {method, headers: headers as Record<string, string>, body}),
	);
	if (response.ok && (await parent.meets(number, 'answer lost'))) {
		outgoing.destroy();
		return;
	}

	outgoing.writeHead(response.status, [...response.headers].flat());
	outgoing.end(Buffer.from(await response.arrayBuffer()));
}

const working = new Set<Promise<void>>();
const server = createServer((incoming, outgoing) => {
	const work = answer(incoming, outgoing)
		.catch(() => {
			if (!outgoing.headersSent) outgoing.writeHead(500);
			outgoing.end();
		})
		.finally(() => working.delete(work));
	working.add(work);
});
server.listen(config.port, '127.0.0.1', () => {
	parent.ready(async () => {
		server.close();
		await Promise.all(working);
		await pool.end();
	});
});
