import {subscribe} from 'node:diagnostics_channel';

type Told = {readonly error?: unknown; readonly request?: {readonly headers?: unknown}};

const connectErrors = new WeakSet<object>();

/** Requests under a key that is watched. */
type Sending = {sent: boolean; readonly watchers: Set<object>};

const watched = new Map<string, Sending>();

let listening = false;

/** Every undici of the process tells these, npm's too. One listener serves all that is under way; it must not throw. */
function listen(): void {
	if (listening) return;
	listening = true;
	subscribe('undici:client:connectError', message => {
		connectErrors.add(Object((message as Told).error) as object);
	});
	subscribe('undici:client:sendHeaders', noteSent);
	// HTTP/2 of undici before 7.8 tells no other.
	subscribe('undici:request:bodySent', noteSent);
}

function noteSent(message: unknown): void {
	if (watched.size === 0) return;
	const headers = (message as Told).request?.headers;
	const fields: readonly unknown[] = Array.isArray(headers) ? headers : String(headers).split(/: |\r\n/);
	for (const field of fields) {
		const sending = watched.get(field as string);
		if (sending) sending.sent = true;
	}
}

/** Whether undici made it when it failed to connect. */
export function isConnectError(error: unknown): boolean {
	return connectErrors.has(Object(error) as object);
}

/** Watches for requests with this value in a header. */
export function watchKey(key: string): {readonly sent: () => boolean; readonly stop: () => void} {
	listen();
	const sending = watched.get(key) ?? {sent: false, watchers: new Set()};
	const watcher = {};
	sending.watchers.add(watcher);
	watched.set(key, sending);
	return {
		sent: () => sending.sent,
		stop() {
			sending.watchers.delete(watcher);
			if (sending.watchers.size === 0 && watched.get(key) === sending) watched.delete(key);
		},
	};
}
