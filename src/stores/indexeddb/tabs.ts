import {ifReadable} from '../../utils.ts';
import type {OperationId, Store} from '../store.ts';

export type TabNews = {
	/** Tells the other realms that this operation has changed. */
	post(id: OperationId): void;
	watch(id: OperationId, listener: () => void): () => void;
	close(): void;
};

/**
 * News between the realms of one origin. The channel stays open while somebody watches, and in a page until that is left:
 * to open one takes as long as a write, and news on an open one drops a page from the back/forward cache.
 */
export function tabNews(channelName: string): TabNews {
	const watchers = new Set<{id: OperationId; listener: () => void}>();
	let channel: BroadcastChannel | undefined;

	function hear({data}: MessageEvent): void {
		for (const {id, listener} of watchers) if (data?.scope === id.scope && data.name === id.name) listener();
	}

	function close(): void {
		channel?.close();
		channel = undefined;
	}

	function closeUnwatched(): void {
		if (watchers.size === 0) close();
	}

	return {
		post({scope, name}) {
			// The step has been committed: news that cannot be sent, or not here, must not make it look failed.
			try {
				// The watched channel, where there is one: it alone does not hear its own message.
				channel ??= new BroadcastChannel(channelName);
				channel.postMessage({scope, name});
				// A worker does not hear that its page is left, and in Node an open channel keeps the process up.
				if (globalThis.onpagehide === undefined || 'unref' in channel) closeUnwatched();
				else globalThis.addEventListener('pagehide', closeUnwatched);
			} catch {}
		},
		watch(id, listener) {
			if (ifReadable(() => globalThis.BroadcastChannel) === undefined) return () => {};
			channel ??= new BroadcastChannel(channelName);
			channel.addEventListener('message', hear);

			const watcher = {id, listener};
			watchers.add(watcher);
			return () => {
				watchers.delete(watcher);
				closeUnwatched();
			};
		},
		close,
	};
}

/** A Web Lock per owner. The browser frees it when its realm dies, which tells a dead owner from a slow one. */
export function lockPresence(locks: LockManager): NonNullable<Store['presence']> {
	return {
		hold: owner =>
			new Promise((resolve, reject) => {
				const held = () => new Promise<void>(release => resolve(release));
				locks.request(lockOf(owner), held).catch(error => {
					// Where locks are forbidden, so is the database, and the claim that follows says so.
					if (error?.name === 'SecurityError') resolve(() => {});
					else reject(error);
				});
			}),
		async gone(owner, signal) {
			await locks.request(lockOf(owner), {mode: 'shared', signal}, () => {});
		},
	};
}

function lockOf(owner: string): string {
	return `latchkey:${owner}`;
}
