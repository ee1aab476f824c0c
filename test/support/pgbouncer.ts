import {execFileSync, spawn} from 'node:child_process';
import {once} from 'node:events';
import {chmod, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {freePort} from './free-port.ts';
import {temporaryFiles} from './temporary-files.ts';

const id = (flag: string) => Number(execFileSync('id', [flag, 'nobody'], {encoding: 'utf8'}));

/** PgBouncer before a server, with two connections that go from client to client after every transaction. */
export async function startPgbouncer(url: string) {
	const {hostname, port, username, password, pathname} = new URL(url);
	const folder = await mkdtemp(join(temporaryFiles(), 'latchkey-pgbouncer-'));
	const own = await freePort();
	const file = join(folder, 'pgbouncer.ini');
	await writeFile(
		file,
		`[databases]
pooled = host=${hostname} port=${port} dbname=${pathname.slice(1)} user=${username} password=${password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${own}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 2
`,
	);
	await chmod(folder, 0o755);
	// It does not run as root.
	const isRoot = process.getuid?.() === 0;
	const child = spawn('/usr/sbin/pgbouncer', [file], {
		stdio: ['ignore', 'ignore', 'pipe'],
		...(isRoot && {uid: id('-u'), gid: id('-g')}),
	});
	const exited = once(child, 'exit');
	await new Promise<void>((resolve, reject) => {
		let said = '';
		child.once('error', reject);
		child.once('exit', () => reject(new Error(`PgBouncer has ended:\n${said}`)));
		child.stderr.on('data', (data: Buffer) => {
			said += data.toString();
			if (said.includes('process up')) resolve();
		});
	});
	return {
		url: `postgres://someone@127.0.0.1:${own}/pooled`,
		async remove() {
			child.kill('SIGINT');
			await exited;
			await rm(folder, {recursive: true});
		},
	};
}
