import {once} from 'node:events';
import {request, type IncomingMessage, type ServerResponse} from 'node:http';
import {buffer} from 'node:stream/consumers';
import {setTimeout} from 'node:timers/promises';

export type WireFaults = {
	/** Every answer is lost. */
	readonly lose: boolean;
	/** How long an answer takes, in milliseconds. */
	readonly delay: number;
};

/** What lies between two services: it counts, and it breaks as told. */
export type Wire = {
	readonly carry: (incoming: IncomingMessage, outgoing: ServerResponse) => void;
	readonly requests: () => number;
};

/** `port`: where the service is now, or will be in a moment; `undefined` while it is down. */
export function wireTo(port: () => Promise<number> | undefined, faults: () => WireFaults): Wire {
	let requests = 0;

	async function carry(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
		const {method, url, headers} = incoming;
		const to = await port();
		if (to === undefined) throw new Error('it is down');
		const onward = request({host: '127.0.0.1', port: to, method, path: url, headers, agent: false});
		incoming.pipe(onward);
		const [answer] = (await once(onward, 'response')) as [IncomingMessage];
		const body = await buffer(answer);
		await setTimeout(faults().delay);
		if (faults().lose) throw new Error('it is lost');
		outgoing.writeHead(answer.statusCode ?? 500, answer.headers).end(body);
	}

	return {
		requests: () => requests,
		carry(incoming, outgoing) {
			requests++;
			// A new connection each time, so that nobody but the client repeats anything.
			outgoing.shouldKeepAlive = false;
			carry(incoming, outgoing).catch(() => outgoing.destroy());
		},
	};
}
