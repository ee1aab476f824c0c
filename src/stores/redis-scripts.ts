import {hash} from 'node:crypto';

/**
 * What all scripts begin with. Every script works on one record: its hash, its answer, and the index of the records
 * beside it; the three share a slot of a cluster. It answers whether it wrote, the time, the answer at rest, and the
 * fields as they stand, as one flat list of strings: no client reads those differently.
 *
 * Numbers are always spelt out, because `1e+12` is no integer to Redis. A record's revision starts at the time, so that
 * one that was lost and begun again is not taken for the one that was seen.
 */
const prologue = `
local op, answer, index = KEYS[1], KEYS[2], KEYS[3]
local id = ARGV[1]
local time = redis.call('TIME')
local micros = time[1] * 1000000 + time[2]
local now = math.floor(micros / 1000)

local function text(number) return string.format('%.17g', number) end

local function reply(written, kept)
	return {written, text(now), kept, unpack(redis.call('HGETALL', op))}
end

local function found()
	return reply('0', redis.call('GET', answer) or '')
end

local function held(key, owner, token)
	local row = redis.call('HMGET', op, 'version', 'freed', 'key', 'owner', 'token')
	return row[1] == '1' and row[2] == '0' and row[3] == key and row[4] == owner and row[5] == token
end

-- Only what is settled or freed ever expires, and the index with the last of it.
local function filed()
	local keep = redis.call('HGET', op, 'keep_until')
	if keep then redis.call('PEXPIREAT', op, keep) end
	redis.call('ZADD', index, keep or '+inf', id)
	local last = redis.call('ZREVRANGE', index, 0, 0, 'WITHSCORES')[2]
	if last == 'inf' then redis.call('PERSIST', index) else redis.call('PEXPIREAT', index, text(tonumber(last))) end
end

local function touch(...)
	redis.call('HSET', op, 'updated_at', text(math.max(now, redis.call('HGET', op, 'updated_at'))), ...)
	redis.call('HINCRBY', op, 'revision', 1)
end
`;

/** ARGV: id. An index entry whose record has gone goes, too. */
const read = `
if redis.call('EXISTS', op) == 0 then redis.call('ZREM', index, id) end
return found()
`;

/** ARGV: id, then the fields as of time zero. Writes where there is no record. */
const begin = `
if redis.call('EXISTS', op) == 1 then return found() end
redis.call('HSET', op, 'revision', text(micros), unpack(ARGV, 2))
for _, field in ipairs({'created_at', 'updated_at', 'lease_until', 'key_until'}) do
	redis.call('HSET', op, field, text(redis.call('HGET', op, field) + now))
end
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', index, '-inf', '(' .. text(now), 'LIMIT', 0, 10)) do
	redis.call('ZREM', index, gone)
end
filed()
return {'1', text(now)}
`;

/** ARGV: id, key, owner, token, lease in milliseconds. Writes for who holds an open record. */
const renew = `
local status = redis.call('HGET', op, 'status')
if not (held(ARGV[2], ARGV[3], ARGV[4]) and (status == 'sending' or status == 'unknown')) then return found() end
touch('lease_until', text(now + ARGV[5]))
return reply('1', '')
`;

/**
 * ARGV: id, key, owner, token, status, HTTP status or '', retention in milliseconds, 1 to keep the answer, the answer
 * or ''. Writes for who holds a record in flight; not where somebody waits, because they need the answer, which is sent
 * along only if it is kept anyway.
 */
const settle = `
local row = redis.call('HMGET', op, 'status', 'awaited')
local wanted = row[2] ~= '0' and ARGV[8] ~= '1'
if wanted or row[1] ~= 'sending' or not held(ARGV[2], ARGV[3], ARGV[4]) then return found() end
local keep = text(now + ARGV[7])
touch('status', ARGV[5], 'final', '0', 'owner', '', 'lease_until', '0', 'keep_until', keep)
redis.call('HDEL', op, 'request')
if ARGV[6] ~= '' then redis.call('HSET', op, 'http_status', ARGV[6]) end
if ARGV[9] ~= '' then
	redis.call('HSET', op, 'answer_until', keep)
	redis.call('SET', answer, ARGV[9])
	redis.call('PEXPIREAT', answer, keep)
end
filed()
return reply('1', ARGV[9])
`;

/** ARGV: id, the revision that was seen ('0': no record), the answer or '', then the fields. Writes where nothing has changed. */
const swap = `
local revision = redis.call('HGET', op, 'revision') or '0'
if revision ~= ARGV[2] then return found() end
redis.call('DEL', op, answer)
redis.call('HSET', op, 'revision', text((revision == '0' and micros or revision) + 1), unpack(ARGV, 4))
if ARGV[3] ~= '' then
	redis.call('SET', answer, ARGV[3])
	redis.call('PEXPIREAT', answer, redis.call('HGET', op, 'answer_until'))
end
filed()
return {'1', text(now)}
`;

export type RedisScript = {readonly text: string; readonly sha: string};

export const redisScripts: Readonly<Record<'read' | 'begin' | 'renew' | 'settle' | 'swap', RedisScript>> = {
	read: scriptOf(read),
	begin: scriptOf(begin),
	renew: scriptOf(renew),
	settle: scriptOf(settle),
	swap: scriptOf(swap),
};

function scriptOf(body: string): RedisScript {
	const text = prologue + body;
	return {text, sha: hash('sha1', text)};
}
