import {scriptOfText, type RedisScript} from '../stores/redis/scripts.ts';

/**
 * What all scripts begin with: an entry, and the index of the unsettled ones beside it, in one slot of a cluster. Each
 * answers with the time alone where it wrote, and otherwise with the time, a line break, and what stands there: a client
 * takes longer over a list than over the same in one string.
 *
 * An entry is one string as well: `redis-value.ts` says how it is laid out. Its times and its revision are spelt here.
 */
const prologue = `
local entry, index = KEYS[1], KEYS[2]
local time = redis.call('TIME')
local micros = time[1] * 1000000 + time[2]
local now = math.floor(micros / 1000)
local value = redis.call('GET', entry) or ''
local known = '^{"version":1,"revision":(%d+),'

-- 1e+12 is no integer to Redis.
local function text(number) return string.format('%.17g', number) end

local function found() return text(now) .. '\\n' .. value end

local function put(revision, rest)
	redis.call('SET', entry, '{"version":1,"revision":' .. text(revision) .. ',' .. rest)
end

local function times(created, lease) return '"createdAt":' .. created .. ',"leaseUntil":' .. lease .. ',' end
`;

const read = `return found()`;

/** ARGV: member of the index, lease in milliseconds, the entry from its state on. Writes where there is none. */
const begin = `
if value ~= '' then return found() end
put(micros, times(text(now), text(now + ARGV[2])) .. ARGV[3])
redis.call('ZADD', index, text(now), ARGV[1])
return now
`;

/** ARGV: id, state to token of who runs and has from the beginning, retention in milliseconds or '', the answer, its body. Writes for them. */
const answer = `
local revision, created, at = string.match(value, known .. '"createdAt":(%d+),"leaseUntil":%d+,()')
local from = at and at + #ARGV[2]
local guard = from and string.match(value, '^"subject":{"guard":(".-"),"scope":', from)
if not guard or string.sub(value, at, from - 1) ~= ARGV[2] then return found() end
local ends = ARGV[3] ~= '' and text(created + ARGV[3])
put(revision + 1, times(created, '0') .. '"state":"answered","owner":"","token":1,' ..
	(ends and '"expiresAt":' .. ends .. ',' or '') .. ARGV[4] .. string.sub(value, from) .. ARGV[5])
if ends then
	redis.call('ZREM', index, ARGV[1] .. guard)
	redis.call('PEXPIREAT', entry, ends)
end
return now
`;

/** ARGV: the revision that was seen ('0': none), member of the index, since when, when it expires or '', the entry without its revision; or none: it is to go. */
const swap = `
local revision = value == '' and '0' or string.match(value, known)
if revision ~= ARGV[1] then return found() end
redis.call('ZREM', index, ARGV[2])
if not ARGV[5] then
	redis.call('DEL', entry)
	return now
end
put((value == '' and micros or revision) + 1, ARGV[5])
if ARGV[4] ~= '' then
	redis.call('PEXPIREAT', entry, ARGV[4])
else
	redis.call('ZADD', index, ARGV[3], ARGV[2])
end
return now
`;

export const entryScripts: Readonly<Record<'read' | 'begin' | 'answer' | 'swap', RedisScript>> = {
	read: scriptOfText(prologue + read),
	begin: scriptOfText(prologue + begin),
	answer: scriptOfText(prologue + answer),
	swap: scriptOfText(prologue + swap),
};
