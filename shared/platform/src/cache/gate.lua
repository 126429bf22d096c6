-- The gate, one round trip a request: counts it against its rate limit, looks whether the player's session is known to be
-- good or revoked, then looks at the stamp of every aggregate the request is about. A write also places its fence on each.
--
-- KEYS: the subject's theoretical arrival time (TAT), of a player the session's word, then for each aggregate its stamp
--       and its value.
-- ARGV: microseconds a request costs (0: no limit), requests allowed at once, this request's token, 'read' or 'write',
--       lifetimes of a fence and of a fill token (us), 'player' or 'anyone', then for each aggregate the lifetime of its
--       stamp (ms) and the version that the caller holds ('' for none, '-' where the value is not wanted).
-- A stamp is a hash: v = the version; fill = '<deadline us> <token>' of the reader that may store what it loads;
--       f:<token> = the deadline (us) of a write under way; least = the lowest version that may still be published.
-- A value is '<version> <content>', for it may be of another version than the stamp: it expires or is evicted alone, and
-- releases with different encodings keep different values under one stamp.
-- Answers {1, TAT after this request, now, session, {state, …} for each aggregate}; {0, TAT, now} when it comes too soon;
-- {1, now, now, 'revoked'} when the session has been ended. The session is 'ok' or '' where nothing is known of it.
-- Microseconds stay exact in a double until the year 2255.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, burst, token, writes = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3], ARGV[4] == 'write'
local fence_us, fill_us = tonumber(ARGV[5]), tonumber(ARGV[6])

-- Whoever comes with an ended session uses up nobody's limit.
local first, session = 2, ''
if ARGV[7] == 'player' then
    first, session = 3, redis.call('GET', KEYS[2]) or ''
    if session == 'revoked' then
        return {1, now, now, session}
    end
end

local tat = now
if interval > 0 then
    -- Clamped: where the clock was set back, nobody waits for it to catch up.
    tat = math.min(math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now), now + interval * burst)
    local next = tat + interval
    if next > now + interval * burst then
        return {0, tat, now}
    end
    redis.call('SET', KEYS[1], string.format('%.0f', next), 'PX', math.ceil((next - now) / 1000))
    tat = next
end

-- Reads a stamp and forgets the fences whose writers did not come back in time.
local function look(stamp)
    local version, fill, fenced = false, false, false
    local fields = redis.call('HGETALL', stamp)
    for i = 1, #fields, 2 do
        local name, content = fields[i], fields[i + 1]
        if name == 'v' then
            version = content
        elseif name == 'fill' then
            local deadline, holder = string.match(content, '^(%d+) (.+)$')
            fill = tonumber(deadline) > now and holder
        elseif string.sub(name, 1, 2) == 'f:' then
            if tonumber(content) > now then
                fenced = true
            else
                redis.call('HDEL', stamp, name)
            end
        end
    end
    return version, fill, fenced
end

-- The content of a value, if it is of this version.
local function content_of(value, version)
    local held = redis.call('GET', value)
    local prefix = version .. ' '
    return held and string.sub(held, 1, #prefix) == prefix and string.sub(held, #prefix + 1)
end

local answer = {1, tat, now, session}
for i = 1, (#KEYS - first + 1) / 2 do
    local stamp, value = KEYS[first + 2 * i - 2], KEYS[first + 2 * i - 1]
    local stamp_ms, known = ARGV[6 + 2 * i], ARGV[7 + 2 * i]
    local version, fill, fenced = look(stamp)
    if fenced then
        answer[4 + i] = {'fenced'}
    elseif version then
        local wanted = known ~= '-' and known ~= version
        answer[4 + i] = {'clean', version, wanted and content_of(value, version), redis.call('PTTL', stamp)}
    elseif fill or writes then
        answer[4 + i] = {'missing', fill, fill == token and 1 or 0}
    else
        redis.call('HSET', stamp, 'fill', string.format('%.0f %s', now + fill_us, token))
        redis.call('PEXPIRE', stamp, stamp_ms)
        answer[4 + i] = {'missing', token, 1}
    end
    if writes then
        redis.call('HDEL', stamp, 'v', 'fill')
        redis.call('HSET', stamp, 'f:' .. token, string.format('%.0f', now + fence_us))
        redis.call('PEXPIRE', stamp, stamp_ms)
    end
end
return answer
