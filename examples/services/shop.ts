import {once} from 'node:events';
import {mkdtemp, rm} from 'node:fs/promises';
import {createServer, type IncomingMessage, type RequestListener, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {DatabaseSync} from 'node:sqlite';
import {json} from 'node:stream/consumers';
import type {PageFile} from '../checkout/server/shop.ts';
import {brokerTo, type OrderMessage} from './broker.ts';
import {childOf} from './child.ts';
import {wireTo} from './wire.ts';

export type Switches = {
	/** The payment service is killed; without it, it is started again. */
	readonly killed: boolean;
	/** No answer of the payment service arrives. */
	readonly losePayment: boolean;
	/** No answer of the order service arrives. */
	readonly loseOrder: boolean;
	/** The mail service is killed; without it, it is started again. */
	readonly mailsKilled: boolean;
	/** No acknowledgement of the mail service arrives. */
	readonly loseMails: boolean;
	/** Answers of the payment service take their time. */
	readonly slow: boolean;
};

export type ShopState = {
	readonly switches: Switches;
	readonly counts: Readonly<
		Record<'orders' | 'payments' | 'charges' | 'mails' | 'ordersAsked' | 'paymentsAsked' | 'mailsAsked', number>
	>;
};

export type Shop = {
	readonly origin: string;
	readonly state: () => ShopState;
	readonly flip: (name: keyof Switches, on: boolean) => Promise<void>;
	readonly close: () => Promise<void>;
};

export type ShopOptions = {
	/** Default: any. */
	readonly port?: number;
	/** The page, by path. */
	readonly files: ReadonlyMap<string, PageFile>;
	/** How long a slow answer takes, in milliseconds. Default: 3,000. */
	readonly slow?: number;
};

/** Three services, each in a process of its own, and between them wires that break. Only this machine can reach it. */
export async function startServices({port = 0, files, slow = 3_000}: ShopOptions): Promise<Shop> {
	const folder = await mkdtemp(join(tmpdir(), 'latchkey-services-'));
	let switches: Switches = {
		killed: false,
		losePayment: false,
		loseOrder: false,
		mailsKilled: false,
		loseMails: false,
		slow: false,
	};

	const payments = childOf('payments.ts', folder);
	const toPayments = wireTo(payments.port, () => ({lose: switches.losePayment, delay: switches.slow ? slow : 0}));
	const wire = await listen(toPayments.carry, 0);
	const mails = childOf('mails.ts', folder);
	const toMails = wireTo(mails.port, () => ({lose: switches.loseMails, delay: 0}));
	const mailWire = await listen(toMails.carry, 0);
	const broker = brokerTo(mailWire.origin);
	const topic = await listen((incoming, outgoing) => {
		void json(incoming).then(message => {
			broker.publish(message as OrderMessage);
			outgoing.writeHead(204).end();
		});
	}, 0);
	const orders = childOf('orders.ts', folder, `${wire.origin}/charges`, topic.origin);
	const toOrders = wireTo(orders.port, () => ({lose: switches.loseOrder, delay: 0}));
	const front = await listen((incoming, outgoing) => {
		answer(incoming, outgoing).catch((error: unknown) => {
			if (outgoing.headersSent) outgoing.destroy();
			else outgoing.writeHead(500).end(String(error));
		});
	}, port);
	await Promise.all([payments.start(), orders.start(), mails.start()]);

	const count = (file: string, table: string, where = '1'): number => {
		const database = new DatabaseSync(join(folder, file), {timeout: 2_000});
		try {
			// The first request makes it.
			const made = database.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?').get(table);
			return made ? Number(database.prepare(`SELECT count(*) AS n FROM ${table} WHERE ${where}`).get()?.['n']) : 0;
		} finally {
			database.close();
		}
	};

	const state = (): ShopState => ({
		switches,
		counts: {
			ordersAsked: toOrders.requests(),
			orders: count('orders.db', 'orders'),
			paymentsAsked: toPayments.requests(),
			payments: count('payments.db', 'entries', `state = 'answered'`),
			charges: count('bank.db', 'charges'),
			mailsAsked: toMails.requests(),
			mails: count('mails.db', 'mails'),
		},
	});

	async function flip(name: keyof Switches, on: boolean): Promise<void> {
		if (!Object.hasOwn(switches, name)) throw new TypeError(`There is no switch ${name}`);
		if (name === 'killed') await (on ? payments.kill() : payments.start());
		if (name === 'mailsKilled') await (on ? mails.kill() : mails.start());
		switches = {...switches, [name]: on};
	}

	const deeds = {
		restart: async () => orders.restart(),
		async redeliver() {
			broker.redeliver();
		},
	};

	async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
		const {method = '', url = ''} = incoming;
		const file = files.get(url);
		if (url === '/orders') toOrders.carry(incoming, outgoing);
		else if (url === '/desk' && method === 'POST') {
			const {name, on} = (await json(incoming)) as {name: keyof Switches | keyof typeof deeds; on: boolean};
			await (name in deeds ? deeds[name as keyof typeof deeds]() : flip(name as keyof Switches, on));
			outgoing.writeHead(204).end();
		} else if (url === '/desk') outgoing.setHeader('content-type', 'application/json').end(JSON.stringify(state()));
		else if (file === undefined) outgoing.writeHead(404).end('Not found');
		else
			outgoing
				.writeHead(200, {'content-type': `${file.type}; charset=utf-8`, 'cache-control': 'no-store'})
				.end(file.body);
	}

	async function close(): Promise<void> {
		await Promise.all([orders.kill(), payments.kill(), mails.kill(), broker.close()]);
		await Promise.all([front, wire, mailWire, topic].map(async server => server.close()));
		await rm(folder, {recursive: true, force: true});
	}

	return {origin: front.origin, state, flip, close};
}

async function listen(listener: RequestListener, port: number) {
	const server = createServer(listener);
	server.listen(port, '127.0.0.1');
	await once(server, 'listening');
	return {
		origin: `http://localhost:${(server.address() as AddressInfo).port}`,
		async close() {
			server.closeAllConnections();
			await new Promise(resolve => server.close(resolve));
		},
	};
}
