import {shown} from '../../shown.ts';
import {isUnknownScript, redisFailure} from './failure.ts';
import type {RedisSender} from './client.ts';
import {readReply, type Place, type Reply} from './record.ts';
import {redisScripts} from './scripts.ts';

/** Redis as the store uses it. What fails is told as Redis's failure. */
export type RedisEngine = {
	/** One script over one record. */
	readonly run: (script: keyof typeof redisScripts, place: Place, args?: readonly string[]) => Promise<Reply>;
	/** The ids in an index: all, or those of open records. */
	readonly members: (index: string, open: boolean) => Promise<string[]>;
};

export function redisEngine(send: RedisSender['send']): RedisEngine {
	async function command(key: string, args: readonly string[]): Promise<string[]> {
		const reply = await send(key, args).catch((error: unknown) => {
			throw isUnknownScript(error) ? error : redisFailure(error);
		});
		if (!Array.isArray(reply)) throw new TypeError(`the Redis client gave ${shown(reply)} where a list was to come`);
		return reply.map(String);
	}

	return {
		async run(script, {id, keys}, args = []) {
			const {sha, text} = redisScripts[script];
			const rest = [String(keys.length), ...keys, id, ...args];
			// A server keeps scripts until it is restarted or told to flush them.
			const reply = command(keys[0], ['EVALSHA', sha, ...rest]).catch(async (error: unknown) => {
				if (!isUnknownScript(error)) throw error;
				return command(keys[0], ['EVAL', text, ...rest]);
			});
			return readReply(await reply);
		},
		// What is open has no end.
		members: async (index, open) => command(index, ['ZRANGEBYSCORE', index, open ? '+inf' : '-inf', '+inf']),
	};
}
