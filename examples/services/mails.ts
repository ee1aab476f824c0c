import type {IncomingMessage, ServerResponse} from 'node:http';
import {DatabaseSync} from 'node:sqlite';
import {text} from 'node:stream/consumers';
import {headerId, onceOnly, sqliteInbox} from '../../src/consumer/index.ts';
import {serve} from './serve.ts';

/** The mail service: a process of its own, which is given its folder. Whatever is delivered to it, and however often, it writes one e-mail. */
const [, , folder = '.'] = process.argv;

const database = new DatabaseSync(`${folder}/mails.db`, {timeout: 2_000});
database.exec('CREATE TABLE IF NOT EXISTS mails (id INTEGER PRIMARY KEY, body TEXT NOT NULL)');

const consume = onceOnly(
	({tx, message}) => {
		const {id} = JSON.parse(String(message.value)) as {id: string};
		tx.prepare('INSERT INTO mails (body) VALUES (?)').run(`Your order ${id} is paid.`);
	},
	{transaction: sqliteInbox({database}), consumer: 'mails', id: headerId('message-id')},
);

async function take(req: IncomingMessage, res: ServerResponse): Promise<void> {
	const {status} = await consume({headers: req.headers, value: await text(req)});
	res.end(status);
}

serve((req, res) => {
	take(req, res).catch((error: unknown) => {
		console.error(error);
		res.writeHead(500).end();
	});
});
