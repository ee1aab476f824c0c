import {scriptOfText, type RedisScript} from '../stores/redis/scripts.ts';

/**
 * What all scripts begin with: an entry, and the index of the unsettled ones beside it, in one slot of a cluster. Each
 * answers whether it wrote, the time, and the fields as they stand, as one flat list of strings. Numbers are always spelt
 * out, because `1e+12` is no integer to Redis.
 */
const prologue = `
local entry, index = KEYS[1], KEYS[2]
local time = redis.call('TIME')
local micros = time[1] * 1000000 + time[2]
local now = math.floor(micros / 1000)

local function text(number) return string.format('%.17g', number) end

local function reply(written)
	return {written, text(now), unpack(redis.call('HGETALL', entry))}
end
`;

const read = `return reply('0')`;

/** ARGV: member of the index, lease in milliseconds, then the fields without the times. Writes where there is no entry. */
const begin = `
if redis.call('EXISTS', entry) == 1 then return reply('0') end
redis.call('HSET', entry, 'revision', text(micros), 'created_at', text(now), 'lease_until', text(now + ARGV[2]), unpack(ARGV, 3))
redis.call('ZADD', index, text(now), ARGV[1])
return {'1', text(now)}
`;

/** ARGV: id, owner, token, retention in milliseconds or '', the answer. Writes for who holds what is running, and has from its beginning. */
const answer = `
local row = redis.call('HMGET', entry, 'owner', 'token', 'state', 'version', 'created_at', 'guard', 'revision')
local mine = row[1] == ARGV[2] and row[2] == ARGV[3] and row[2] == '1' and row[3] == 'running' and row[4] == '1'
if not (mine and row[5] and row[6] and row[7]) then return reply('0') end
redis.call('HSET', entry, 'state', 'answered', 'owner', '', 'lease_until', '0', 'answer', ARGV[5], 'revision', text(row[7] + 1))
if ARGV[4] == '' then return reply('1') end
local ends = text(row[5] + ARGV[4])
redis.call('HSET', entry, 'expires_at', ends)
redis.call('ZREM', index, ARGV[1] .. row[6])
local result = reply('1')
redis.call('PEXPIREAT', entry, ends)
return result
`;

/** ARGV: the revision that was seen ('0': none), member of the index, when it expires or '', then the fields; none: it is to go. */
const swap = `
local revision = redis.call('HGET', entry, 'revision') or '0'
if revision ~= ARGV[1] then return reply('0') end
redis.call('DEL', entry)
redis.call('ZREM', index, ARGV[2])
if #ARGV == 3 then return {'1', text(now)} end
redis.call('HSET', entry, 'revision', text((revision == '0' and micros or revision) + 1), unpack(ARGV, 4))
if ARGV[3] ~= '' then
	redis.call('PEXPIREAT', entry, ARGV[3])
else
	redis.call('ZADD', index, redis.call('HGET', entry, 'created_at'), ARGV[2])
end
return {'1', text(now)}
`;

export const entryScripts: Readonly<Record<'read' | 'begin' | 'answer' | 'swap', RedisScript>> = {
	read: scriptOfText(prologue + read),
	begin: scriptOfText(prologue + begin),
	answer: scriptOfText(prologue + answer),
	swap: scriptOfText(prologue + swap),
};
