import {shown} from '../../shown.ts';
import {isUnknownScript, redisFailure} from './failure.ts';
import type {RedisSender} from './client.ts';
import {readReply, type Place, type Reply} from './record.ts';
import {redisScripts, type RedisScript} from './scripts.ts';

/** Redis as the store uses it. What fails is told as Redis's failure. */
export type RedisEngine = {
	/** One script over one record. */
	readonly run: (script: keyof typeof redisScripts, place: Place, args?: readonly string[]) => Promise<Reply>;
	/** The ids in an index: all, or those of open records. */
	readonly members: (index: string, open: boolean) => Promise<string[]>;
};

/** Commands and scripts. */
export function commandsOn(send: RedisSender['send']): {
	readonly command: RedisSender['send'];
	readonly script: (
		script: RedisScript,
		keys: readonly [string, ...string[]],
		args: readonly string[],
	) => Promise<unknown>;
} {
	const fail = (error: unknown) => {
		throw redisFailure(error);
	};
	const command: RedisSender['send'] = (key, args) => send(key, args).catch(fail);

	return {
		command,
		script({sha, text}, keys, args) {
			const rest = [String(keys.length), ...keys, ...args];
			// A server keeps scripts until it is restarted or told to flush them.
			return send(keys[0], ['EVALSHA', sha, ...rest]).catch((error: unknown) =>
				isUnknownScript(error) ? command(keys[0], ['EVAL', text, ...rest]) : fail(error),
			);
		},
	};
}

/** A reply that is a list of strings, or a set of them. */
export function listOf(reply: unknown): string[] {
	if (Array.isArray(reply) || reply instanceof Set) return Array.from(reply, String);
	throw new TypeError(`the Redis client gave ${shown(reply)} where a list was to come`);
}

export function redisEngine(send: RedisSender['send']): RedisEngine {
	const {command, script: runScript} = commandsOn(send);
	return {
		run: async (script, {id, keys}, args = []) =>
			readReply(listOf(await runScript(redisScripts[script], keys, [id, ...args]))),
		// What is open has no end.
		members: async (index, open) =>
			listOf(await command(index, ['ZRANGEBYSCORE', index, open ? '+inf' : '-inf', '+inf'])),
	};
}
