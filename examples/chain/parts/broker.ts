import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {connect, type Socket} from 'node:net';
import {Kafka, logLevel, type ISocketFactory} from 'kafkajs';

export type Broker = {
	/** Host and port. */
	readonly address: string;
	readonly stop: () => Promise<void>;
};

/** A broker that speaks Kafka's protocol: librdkafka's mock cluster, in memory. It makes a topic of four partitions when asked for one. */
export async function startBroker(): Promise<Broker> {
	// It ends with its input, and hence with this process.
	const kcat = spawn('kcat', ['-P', '-b', '127.0.0.1:1', '-t', 'boot', '-X', 'test.mock.num.brokers=1', '-d', 'mock'], {
		stdio: ['pipe', 'ignore', 'pipe'],
	});
	const ended = once(kcat, 'exit');
	let said = '';
	const address = await new Promise<string>((resolve, reject) => {
		kcat.once('error', reject);
		kcat.once('exit', () => {
			reject(new Error(`kcat ended:\n${said}`));
		});
		kcat.stderr.on('data', (data: Buffer) => {
			said = (said + data.toString()).slice(-10_000);
			const [, found] = /bootstrap\.servers=([\d.:]+)/.exec(said) ?? [];
			if (found) resolve(found);
		});
	});
	return {
		address,
		async stop() {
			kcat.kill('SIGKILL');
			await ended;
		},
	};
}

export function kafkaAt(address: string, socketFactory?: ISocketFactory): Kafka {
	return new Kafka({
		brokers: [address],
		logLevel: logLevel.NOTHING,
		retry: {initialRetryTime: 50, maxRetryTime: 500, retries: 100},
		...(socketFactory && {socketFactory}),
	});
}

/** Requests of Kafka's protocol, by their API keys. */
const PRODUCE = 0;
const OFFSET_COMMIT = 8;

export type Cutter = {
	readonly socketFactory: ISocketFactory;
	/** The next messages reach the broker, and its acknowledgement never comes. */
	readonly loseAcknowledgement: () => void;
	/** The next commit of offsets never reaches the broker. */
	readonly loseCommit: () => void;
};

/** Connections to the broker that can be cut. A proxy would be passed by: clients connect to the address that a broker advertises. */
export function cutter(): Cutter {
	const armed = new Set<number>();

	function cuttable(socket: Socket): Socket {
		const write = socket.write.bind(socket);
		const cut = () => void socket.destroy(new Error('the connection to the broker was cut'));
		return Object.assign(socket, {
			write(data: Buffer, encoding: BufferEncoding) {
				const api = data.readInt16BE(4);
				if (!armed.delete(api)) return write(data, encoding);
				if (api === PRODUCE) return write(data, encoding, cut);
				cut();
				return false;
			},
		});
	}

	return {
		socketFactory: ({host, port, onConnect}) => cuttable(connect({host, port}, onConnect)),
		loseAcknowledgement: () => void armed.add(PRODUCE),
		loseCommit: () => void armed.add(OFFSET_COMMIT),
	};
}
