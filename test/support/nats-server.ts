import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtemp} from 'node:fs/promises';
import {join} from 'node:path';
import {freePort} from './free-port.ts';
import {temporaryFiles} from './temporary-files.ts';
import {cleanUpAfter} from './undertaker.ts';

export type NatsServer = {
	readonly port: number;
	readonly close: () => Promise<void>;
};

/** A `nats-server` with JetStream, on a free loopback port. */
export async function startNats(): Promise<NatsServer> {
	const folder = await mkdtemp(join(temporaryFiles(), 'latchkey-nats-'));
	const cleanUp = cleanUpAfter({folder, pidFile: 'pid', signal: 'TERM'});
	const port = await freePort();
	const args = ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', join(folder, 'data'), '-P', join(folder, 'pid')];
	const server = spawn('nats-server', args, {stdio: ['ignore', 'ignore', 'pipe']});
	let said = '';
	await new Promise<void>((resolve, reject) => {
		server.once('error', error => {
			reject(new Error('nats-server cannot be started: install it', {cause: error}));
		});
		server.once('exit', code => {
			reject(new Error(`nats-server ended with ${code}:\n${said}`));
		});
		server.stderr.on('data', (data: Buffer) => {
			said += data.toString();
			if (said.includes('Server is ready')) resolve();
		});
	});
	return {
		port,
		async close() {
			const ended = once(server, 'exit');
			server.kill('SIGKILL');
			await ended;
			await cleanUp();
		},
	};
}
