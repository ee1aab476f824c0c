import {spawn} from 'node:child_process';
import {once} from 'node:events';

export type KafkaBroker = {
	/** `host:port`. */
	readonly address: string;
	readonly close: () => Promise<void>;
};

/**
 * A broker that speaks Kafka's protocol, in memory: the mock cluster of librdkafka, within kcat, which waits for input as long
 * as this process lives. Topics are made when they are asked for, with four partitions.
 */
export async function startKafka(): Promise<KafkaBroker> {
	const args = ['-P', '-b', '127.0.0.1:1', '-t', 'boot', '-X', 'test.mock.num.brokers=1', '-d', 'mock'];
	const kcat = spawn('kcat', args, {stdio: ['pipe', 'ignore', 'pipe']});
	let said = '';
	const address = await new Promise<string>((resolve, reject) => {
		kcat.once('error', error => {
			reject(new Error('kcat cannot be started: install it', {cause: error}));
		});
		kcat.once('exit', code => {
			reject(new Error(`kcat ended with ${code}:\n${said}`));
		});
		kcat.stderr.on('data', (data: Buffer) => {
			if (said.includes('bootstrap.servers=')) return;
			said += data.toString();
			const found = /bootstrap\.servers=([\d.]+:\d+)/.exec(said)?.[1];
			if (found !== undefined) resolve(found);
		});
	});
	return {
		address,
		async close() {
			if (kcat.exitCode !== null || kcat.signalCode !== null) return;
			const ended = once(kcat, 'exit');
			kcat.kill('SIGKILL');
			await ended;
		},
	};
}
