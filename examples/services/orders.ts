import {DatabaseSync} from 'node:sqlite';
import {text} from 'node:stream/consumers';
import {setTimeout} from 'node:timers/promises';
import {defineDialect, latchkey} from '../../src/dialects/index.ts';
import {createFetch} from '../../src/index.ts';
import {operationFetch} from '../../src/server/index.ts';
import {idempotent} from '../../src/server/node/index.ts';
import {sqliteEntries} from '../../src/server/sqlite.ts';
import {sqliteStore} from '../../src/stores/sqlite.ts';
import {serve} from './serve.ts';

/** The order service: a process of its own. It is given its folder, where payments are made, and where orders are told of. */
const [, , folder = '.', payments = '', topic = ''] = process.argv;
const path = `${folder}/orders.db`;

const database = new DatabaseSync(path, {timeout: 2_000});
database.exec(`
	CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY, charge INTEGER NOT NULL);
	CREATE TABLE IF NOT EXISTS outbox (id TEXT PRIMARY KEY, value TEXT NOT NULL, published INTEGER NOT NULL DEFAULT 0)`);
const insert = database.prepare('INSERT INTO orders (id, charge) VALUES (?, ?) ON CONFLICT DO NOTHING');
const add = database.prepare('INSERT INTO outbox (id, value) VALUES (?, ?) ON CONFLICT DO NOTHING');
const due = database.prepare('SELECT id, value FROM outbox WHERE published = 0 ORDER BY rowid');
const published = database.prepare('UPDATE outbox SET published = 1 WHERE id = ?');

/** The order, and what is to be told of it: both or neither. */
function save(id: string, charge: number): void {
	database.exec('BEGIN IMMEDIATE');
	try {
		insert.run(id, charge);
		add.run(id, JSON.stringify({id, charge}));
		database.exec('COMMIT');
	} catch (error) {
		database.exec('ROLLBACK');
		throw error;
	}
}

/** Publishes at least once: a process that ends before it has marked a message publishes it again. */
async function relay(): Promise<void> {
	for (;;) {
		try {
			for (const row of due.all()) {
				const {ok} = await globalThis.fetch(topic, {method: 'POST', body: JSON.stringify(row)});
				if (!ok) break;
				published.run(String(row['id']));
			}
		} catch (error) {
			console.error(error);
		}

		await setTimeout(100);
	}
}

const fetch = createFetch({
	store: sqliteStore({path, lease: 2_000}),
	scope: null,
	keySenders: 'this-store',
	dialect: defineDialect({...latchkey.profile, retention: 86_400_000, saves: 'errors'}),
	timeout: 2_000,
	retry: {limit: 2, backoffLimit: 500},
});

const order = idempotent(
	async (req, res, operation) => {
		const answer = (status: number, said: object) =>
			res.writeHead(status, {'content-type': 'application/json'}).end(JSON.stringify(said));
		const payment = await operation.fetch(payments, {
			method: 'POST',
			headers: {'content-type': 'application/json'},
			body: await text(req),
			operation: 'charge',
		});
		if (!payment.ok) return answer(payment.status === 402 ? 402 : 503, {error: 'not paid'});
		const {charge} = (await payment.json()) as {charge: number};
		// Its id is that of the operation: whoever comes here again finds it there.
		const id = operation.key('order');
		save(id, charge);
		return answer(201, {id, charge});
	},
	{
		store: sqliteEntries({path}),
		name: 'orders',
		scope: null,
		effects: 'marked',
		lease: 2_000,
		waiting: 5_000,
		fetch: operationFetch(fetch),
		// All that takes effect goes under keys of the operation.
		reconcile: () => 'repeat',
	},
);

serve(order);
void relay();
