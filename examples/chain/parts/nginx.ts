import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdir, mkdtemp, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {freePort} from '../../../test/support/free-port.ts';
import {cleanUpAfter} from '../../../test/support/undertaker.ts';

/** What NGINX is told of each upstream, and of what it passes on. */
export type Settings = {readonly server: string; readonly location: string};

export type Balancing = 'defaults' | 'repeating';

export const settings: Record<Balancing, Settings> = {
	// But that an upstream that has failed is taken for dead for one second, and not for ten.
	defaults: {server: 'fail_timeout=1s', location: ''},
	// It sends a POST to the other upstream, too, where the first gave no answer; and none is ever taken for dead.
	repeating: {
		server: 'max_fails=0',
		location: `proxy_next_upstream error timeout http_502 non_idempotent;
			proxy_request_buffering on;
			proxy_read_timeout 1s;`,
	},
};

export type Nginx = {
	readonly origin: string;
	readonly stop: () => Promise<void>;
};

const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];

function configuration(port: number, upstreams: readonly number[], {server, location}: Settings): string {
	// One process, which is whoever started it: workers of root's are another user's, and may not enter the folder.
	return `daemon off;
master_process off;
pid nginx.pid;
error_log stderr crit;
events {}
http {
	access_log off;
	types { text/html html; text/javascript js; }
	${temporary.map(name => `${name}_temp_path ${name};`).join('\n\t')}
	upstream shops {
		${upstreams.map(upstream => `server 127.0.0.1:${upstream} ${server};`).join('\n\t\t')}
	}
	server {
		listen 127.0.0.1:${port};
		root page;
		location /orders {
			proxy_pass http://shops;
			${location}
		}
	}
}
`;
}

/** NGINX before these upstreams, with a folder of its own. It also serves the page, so that the page is of its origin. */
export async function startNginx(
	upstreams: readonly number[],
	told: Settings,
	page: ReadonlyMap<string, Uint8Array> = new Map(),
): Promise<Nginx> {
	const folder = await mkdtemp(join(tmpdir(), 'latchkey-nginx-'));
	const cleanUp = cleanUpAfter({folder, pidFile: 'nginx.pid', signal: 'TERM'});
	const port = await freePort();
	await mkdir(join(folder, 'page'));
	for (const [name, bytes] of page) await writeFile(join(folder, 'page', name), bytes);
	await writeFile(join(folder, 'nginx.conf'), configuration(port, upstreams, told));
	const nginx = spawn('/usr/sbin/nginx', ['-e', 'stderr', '-p', `${folder}/`, '-c', 'nginx.conf'], {
		stdio: ['ignore', 'ignore', 'pipe'],
	});
	let said = '';
	nginx.stderr.on('data', (data: Buffer) => {
		said += data.toString();
	});
	const ended = once(nginx, 'exit').then(() => new Error(`nginx ended:\n${said}`));
	const origin = `http://127.0.0.1:${port}`;
	const failure = await Promise.race([listening(origin), ended]);
	if (failure) {
		await cleanUp();
		throw failure;
	}

	return {
		origin,
		async stop() {
			nginx.kill('SIGTERM');
			await ended;
			await cleanUp();
		},
	};
}

async function listening(origin: string): Promise<undefined> {
	for (;;) {
		const answer = await fetch(origin).catch(() => undefined);
		await answer?.body?.cancel();
		if (answer) return;
		await new Promise(resolve => {
			setTimeout(resolve, 10);
		});
	}
}
