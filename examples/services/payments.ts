import {DatabaseSync} from 'node:sqlite';
import {json} from 'node:stream/consumers';
import {idempotent} from '../../src/server/node/index.ts';
import {sqliteEntries} from '../../src/server/sqlite.ts';
import {serve} from './serve.ts';

/** The payment service: a process of its own. It is given its folder. */
const [, , folder = '.'] = process.argv;
const path = `${folder}/payments.db`;

/** A bank that charges as often as it is asked. */
const bank = new DatabaseSync(`${folder}/bank.db`);
bank.exec(
	'CREATE TABLE IF NOT EXISTS charges (id INTEGER PRIMARY KEY, reference TEXT NOT NULL, amount INTEGER NOT NULL)',
);
const charge = bank.prepare('INSERT INTO charges (reference, amount) VALUES (?, ?) RETURNING id');
const find = bank.prepare('SELECT id FROM charges WHERE reference = ?');

const charged = (row: unknown) => JSON.stringify({charge: (row as {id: number}).id});
const headers = {'content-type': 'application/json'};

const pay = idempotent(
	async (req, res, operation) => {
		const {amount} = (await json(req)) as {amount: number};
		const row = await operation.effect(() => charge.get(operation.key('charge'), amount));
		res.writeHead(201, headers).end(charged(row));
	},
	{
		store: sqliteEntries({path}),
		name: 'payments',
		scope: null,
		effects: 'marked',
		lease: 2_000,
		waiting: 5_000,
		reconcile(_entry, {key}) {
			const row = find.get(key('charge'));
			return row ? new Response(charged(row), {status: 201, headers}) : 'undone';
		},
	},
);

serve(pay);
