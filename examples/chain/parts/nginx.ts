import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdir, mkdtemp, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {freePort} from '../../../test/support/free-port.ts';
import {cleanUpAfter} from '../../../test/support/undertaker.ts';

/**
 * `'defaults'`: as it comes, but that it takes an upstream that failed for dead for a second, and not for ten. `'repeating'`: it
 * sends a POST to the other upstream, too, where the first gave no answer.
 */
export type Balancing = 'defaults' | 'repeating';

export type Nginx = {
	readonly origin: string;
	readonly stop: () => Promise<void>;
};

/** Once `non_idempotent` is there, NGINX repeats a POST as it does a GET. With `max_fails=0` no upstream is taken for dead. */
const repeating = `proxy_next_upstream error timeout http_502 non_idempotent;
			proxy_request_buffering on;
			proxy_read_timeout 1s;`;

const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];

function configuration(port: number, upstreams: readonly number[], balancing: Balancing): string {
	const server = (upstream: number) =>
		`server 127.0.0.1:${upstream} ${balancing === 'repeating' ? 'max_fails=0' : 'fail_timeout=1s'};`;
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
		${upstreams.map(server).join('\n\t\t')}
	}
	server {
		listen 127.0.0.1:${port};
		root page;
		location /orders {
			proxy_pass http://shops;
			${balancing === 'repeating' ? repeating : ''}
		}
	}
}
`;
}

/** NGINX before these upstreams, with a folder of its own. It also serves the page, so that the page is of its origin. */
export async function startNginx(
	upstreams: readonly number[],
	balancing: Balancing,
	page: ReadonlyMap<string, Uint8Array>,
): Promise<Nginx> {
	const folder = await mkdtemp(join(tmpdir(), 'latchkey-nginx-'));
	const cleanUp = cleanUpAfter({folder, pidFile: 'nginx.pid', signal: 'TERM'});
	const port = await freePort();
	await mkdir(join(folder, 'page'));
	for (const [name, bytes] of page) await writeFile(join(folder, 'page', name), bytes);
	await writeFile(join(folder, 'nginx.conf'), configuration(port, upstreams, balancing));
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
