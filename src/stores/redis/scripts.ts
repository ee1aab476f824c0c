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

-- What a change begins from, where who asks holds the record.
local function held(key, owner, token)
	local row = redis.call('HMGET', op, 'key', 'owner', 'token', 'version', 'freed', 'status', 'awaited', 'updated_at', 'revision')
	local mine = row[1] == key and row[2] == owner and row[3] == token and row[4] == '1' and row[5] == '0'
	if not (mine and row[8] and row[9]) then return nil end
	return {status = row[6], awaited = row[7] ~= '0', updated = text(math.max(now, row[8])), revision = text(row[9] + 1)}
end

-- Only what is settled or freed ever expires, and the index with the last of it. Where a record is open, the index has no end.
local function filed(keep)
	redis.call('ZADD', index, keep or '+inf', id)
	if not keep then return redis.call('PERSIST', index) end
	redis.call('PEXPIREAT', op, keep)
	local last = redis.call('ZREVRANGE', index, 0, 0, 'WITHSCORES')[2]
	if last ~= 'inf' then redis.call('PEXPIREAT', index, text(tonumber(last))) end
end
`;

/** ARGV: id. An index entry whose record has gone goes, too. */
const read = `
if redis.call('EXISTS', op) == 0 then redis.call('ZREM', index, id) end
return found()
`;

/** ARGV: id, lease and life of the key in milliseconds, its latest end, then the fields without the times. Writes where there is no record. */
const begin = `
if redis.call('EXISTS', op) == 1 then return found() end
local at = text(now)
redis.call('HSET', op, 'revision', text(micros), 'created_at', at, 'updated_at', at,
	'lease_until', text(now + ARGV[2]), 'key_until', text(math.min(now + ARGV[3], ARGV[4])), unpack(ARGV, 5))
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', index, '-inf', '(' .. at, 'LIMIT', 0, 10)) do
	redis.call('ZREM', index, gone)
end
filed(nil)
return {'1', at}
`;

/** ARGV: id, key, owner, token, lease in milliseconds. Writes for who holds an open record. */
const renew = `
local row = held(ARGV[2], ARGV[3], ARGV[4])
if not row or (row.status ~= 'sending' and row.status ~= 'unknown' and row.status ~= 'pending') then return found() end
redis.call('HSET', op, 'updated_at', row.updated, 'revision', row.revision, 'lease_until', text(now + ARGV[5]))
return reply('1', '')
`;

/**
 * ARGV: id, key, owner, token, retention in milliseconds, 1 to keep the answer, the answer or '', then the fields that
 * tell the outcome. Writes for who holds a record in flight; not where somebody waits, because they need the answer,
 * which is sent along only if it is kept anyway.
 */
const settle = `
local row = held(ARGV[2], ARGV[3], ARGV[4])
if not row or row.status ~= 'sending' or (row.awaited and ARGV[6] ~= '1') then return found() end
local keep = text(now + ARGV[5])
redis.call('HSET', op, 'updated_at', row.updated, 'revision', row.revision, 'owner', '', 'lease_until', '0',
	'keep_until', keep, unpack(ARGV, 8))
redis.call('HDEL', op, 'request')
if ARGV[7] ~= '' then
	redis.call('HSET', op, 'answer_until', keep)
	redis.call('SET', answer, ARGV[7])
	redis.call('PEXPIREAT', answer, keep)
end
filed(keep)
return reply('1', ARGV[7])
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
filed(redis.call('HGET', op, 'keep_until'))
return {'1', text(now)}
`;

export type RedisScript = {readonly text: string; readonly sha: string};

/** A script by its text. */
export function scriptOfText(text: string): RedisScript {
	return {text, sha: hash('sha1', text)};
}

export const redisScripts: Readonly<Record<'read' | 'begin' | 'renew' | 'settle' | 'swap', RedisScript>> = {
	read: scriptOf(read),
	begin: scriptOf(begin),
	renew: scriptOf(renew),
	settle: scriptOf(settle),
	swap: scriptOf(swap),
};

function scriptOf(body: string): RedisScript {
	return scriptOfText(prologue + body);
}
