import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {request as requestOf} from 'node:http';
import {createRequire} from 'node:module';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import type {Readable} from 'node:stream';
import {json, text} from 'node:stream/consumers';
import {build} from 'esbuild';
import type {Press, Told} from './worker.ts';

/** A request to the worker, on a connection of its own. */
export type Client = {
	readonly told: Promise<Told>;
	/** Resets the connection: a client that only closes its side may still be waiting, to workerd. */
	leave(): void;
};

export type Workerd = {
	readonly origin: string;
	press(press: Press, path?: string): Client;
	/** What the isolate remembers. */
	read(path: string): Promise<unknown>;
	close(): Promise<void>;
};

/** The oldest compatibility date that is promised to work. */
const config = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
	services = [
		(name = "shop", worker = (
			modules = [(name = "shop", esModule = embed "shop.js")],
			compatibilityDate = "2024-10-14",
			globalOutbound = "loopback",
		)),
		(name = "loopback", network = (allow = ["private"])),
	],
	sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "shop")],
);`;

// The package has no types; it exports the path of its executable.
const require = createRequire(import.meta.url);
const {default: executable} = require('workerd') as {readonly default: string};

/** A worker in Cloudflare's own runtime: one isolate, in which each request has a context of its own. `module`: what exports `serve`. */
export async function startWorkerd(module = './worker.ts'): Promise<Workerd> {
	const folder = await mkdtemp(join(tmpdir(), 'latchkey-workerd-'));
	await writeFile(join(folder, 'config.capnp'), config);
	await build({
		stdin: {
			contents: `import {serve} from '${module}'; export default {fetch: serve};`,
			resolveDir: import.meta.dirname,
		},
		outfile: join(folder, 'shop.js'),
		conditions: ['latchkey-source', 'workerd', 'worker', 'browser'],
		bundle: true,
		format: 'esm',
		target: 'es2022',
	});

	// It says on the fourth channel where it listens.
	const args = ['serve', '--control-fd=3', join(folder, 'config.capnp')];
	const child = spawn(executable, args, {stdio: ['ignore', 'ignore', 'pipe', 'pipe']});
	const exited = once(child, 'exit');
	const said = text(child.stdio[2] as Readable);
	const port = await listening(child.stdio[3] as Readable);
	if (port === undefined) throw new Error(`workerd did not start: ${await said}`);
	const origin = `http://127.0.0.1:${port}`;

	return {
		origin,
		press(press, path = '/') {
			const outgoing = requestOf(`${origin}${path}`, {method: 'POST', agent: false});
			const told = once(outgoing, 'response').then(async ([incoming]) => (await json(incoming as Readable)) as Told);
			// Who leaves does not look.
			told.catch(() => undefined);
			outgoing.end(JSON.stringify(press));
			return {told, leave: () => outgoing.socket?.resetAndDestroy()};
		},
		read: async path => (await fetch(`${origin}${path}`)).json(),
		async close() {
			child.kill('SIGKILL');
			await exited;
			await rm(folder, {recursive: true});
		},
	};
}

async function listening(control: Readable): Promise<number | undefined> {
	for await (const line of createInterface(control)) {
		const {event, port} = JSON.parse(line) as {event: string; port?: number};
		if (event === 'listen') return port;
	}

	return undefined;
}
