import {scriptOfText, type RedisScript} from '../stores/redis/scripts.ts';

/**
 * What all scripts begin with: an entry, and the set of the unsettled ones beside it, in one slot of a cluster. Each
 * answers with the time alone where it wrote, and otherwise with the time, a line break, and what stands there: a client
 * takes far longer over a list than over the same in one string.
 *
 * An entry is one string as well, which `redis-value.ts` tells of. Its revision starts at the time, so that one that was lost
 * and begun again is not taken for the one that was seen.
 */
const prologue = `
local entry, index = KEYS[1], KEYS[2]
local time = redis.call('TIME')
local micros = time[1] * 1000000 + time[2]
local now = math.floor(micros / 1000)
local value = redis.call('GET', entry) or ''

-- 1e+12 is no integer to Redis.
local function text(number) return string.format('%.17g', number) end

local function found() return text(now) .. '\\n' .. value end

local function put(revision, created, lease, rest)
	local head = '{"version":1,"revision":' .. text(revision) .. ',"createdAt":' .. created .. ',"leaseUntil":' .. lease .. ','
	redis.call('SET', entry, head .. rest)
end

-- In the index: its guard is as it stands in JSON, where quotes within a name have a backslash.
local function member(guard) return string.sub(entry, -64) .. guard end
`;

const read = `return found()`;

/** ARGV: lease in milliseconds, the entry from its state on. Writes where there is none. */
const begin = `
if value ~= '' then return found() end
put(micros, text(now), text(now + ARGV[1]), ARGV[2])
redis.call('SADD', index, member(string.match(ARGV[2], '"subject":{"guard":(".-"),"scope":')))
return now
`;

/** ARGV: state, owner and token of who runs, and has from the beginning; retention in milliseconds or ''; the answer. Writes for them. */
const answer = `
local revision, created, at = string.match(value, '^{"version":1,"revision":(%d+),"createdAt":(%d+),"leaseUntil":%d+,()')
local from = at and at + #ARGV[1]
local guard = at and string.match(value, '^"subject":{"guard":(".-"),"scope":.*,"mayHaveActed":%l+}\\n$', from)
if not guard or string.sub(value, at, from - 1) ~= ARGV[1] then return found() end
local ends = ARGV[2] ~= '' and text(created + ARGV[2])
local settled = '"state":"answered","owner":"","token":1,' .. (ends and '"expiresAt":' .. ends .. ',' or '')
put(revision + 1, created, '0', settled .. string.sub(value, from, -3) .. ARGV[3])
if ends then
	redis.call('SREM', index, member(guard))
	redis.call('PEXPIREAT', entry, ends)
end
return now
`;

/**
 * ARGV: the revision that was seen ('0': none), member of the index; then since when, until when, when it expires or '', and
 * the entry from its state on; or nothing: it is to go.
 */
const swap = `
local revision = value == '' and '0' or string.match(value, '^{"version":1,"revision":(%d+),')
if revision ~= ARGV[1] then return found() end
redis.call('SREM', index, ARGV[2])
if not ARGV[3] then
	redis.call('DEL', entry)
	return now
end
put((value == '' and micros or revision) + 1, ARGV[3], ARGV[4], ARGV[6])
if ARGV[5] == '' then
	redis.call('SADD', index, ARGV[2])
else
	redis.call('PEXPIREAT', entry, ARGV[5])
end
return now
`;

export const entryScripts: Readonly<Record<'read' | 'begin' | 'answer' | 'swap', RedisScript>> = {
	read: scriptOfText(prologue + read),
	begin: scriptOfText(prologue + begin),
	answer: scriptOfText(prologue + answer),
	swap: scriptOfText(prologue + swap),
};
