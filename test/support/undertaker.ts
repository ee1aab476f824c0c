import {spawn} from 'node:child_process';
import {once} from 'node:events';

export type Server = {
	/** Its own: it is removed. */
	readonly folder: string;
	/** Its first line is the id of the process; in that folder. */
	readonly pidFile: string;
	/** What ends it at once. */
	readonly signal: 'QUIT' | 'TERM';
};

const script = `cat >/dev/null
pid=$(head -n 1 "$1" 2>/dev/null) && kill "-$2" "$pid" && kill -CONT "$pid"
tries=100
while [ -n "$pid" ] && kill -0 "$pid" && [ $((tries -= 1)) -gt 0 ]; do sleep 0.1; done
cd / && rm -rf "$0"`;

/**
 * A process that outlives this one, however it ends: it then ends the server, and removes its folder. Returns what asks
 * for that now, and resolves when it is done.
 */
export function cleanUpAfter({folder, pidFile, signal}: Server): () => Promise<void> {
	const undertaker = spawn('sh', ['-c', script, folder, pidFile, signal], {
		cwd: folder,
		detached: true,
		stdio: ['pipe', 'ignore', 'ignore'],
	});
	undertaker.unref();
	return async () => {
		// It is waited for.
		undertaker.ref();
		const done = once(undertaker, 'exit');
		undertaker.stdin.end();
		await done;
	};
}
