import {DatabaseSync} from 'node:sqlite';
import {defineDialect, latchkey} from '../../src/dialects/index.ts';
import {createFetch} from '../../src/index.ts';
import {idempotent, operationFetch} from '../../src/server/index.ts';
import {sqliteEntries} from '../../src/server/sqlite.ts';
import {sqliteStore} from '../../src/stores/sqlite.ts';
import {serve} from './serve.ts';

/** The order service: a process of its own. It is given its folder, and where payments are made. */
const [, , folder = '.', payments = ''] = process.argv;
const path = `${folder}/orders.db`;

const database = new DatabaseSync(path);
database.exec('CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY, charge INTEGER NOT NULL)');
const insert = database.prepare('INSERT INTO orders (id, charge) VALUES (?, ?) ON CONFLICT DO NOTHING');

const fetch = createFetch({
	store: sqliteStore({path, lease: 2_000}),
	scope: null,
	keySenders: 'this-store',
	dialect: defineDialect({...latchkey.profile, retention: 86_400_000, saves: 'errors'}),
	timeout: 2_000,
	retry: {limit: 2, backoffLimit: 500},
});

const order = idempotent(
	async (request, operation) => {
		const payment = await operation.fetch(payments, {
			method: 'POST',
			headers: {'content-type': 'application/json'},
			body: await request.text(),
			operation: 'charge',
		});
		if (!payment.ok) return Response.json({error: 'not paid'}, {status: payment.status === 402 ? 402 : 503});
		const {charge} = (await payment.json()) as {charge: number};
		// Its id is that of the operation: whoever comes here again finds it there.
		const id = operation.key('order');
		insert.run(id, charge);
		return Response.json({id, charge}, {status: 201});
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
