-- After a write: takes its fence away and, where it changed something, publishes the new version.
--
-- KEYS: for each aggregate its stamp and its value.
-- ARGV: the write's token, then for each aggregate the lifetime of its stamp (ms), the new version ('' when nothing
--       changed or nobody knows) and the new value ('' when only the version is known).
-- Answers how many versions now stand published.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local token = ARGV[1]

local function is_fenced(stamp)
    local fields = redis.call('HGETALL', stamp)
    for i = 1, #fields, 2 do
        if string.sub(fields[i], 1, 2) == 'f:' and tonumber(fields[i + 1]) > now then
            return true
        end
    end
    return false
end

local published = 0
for i = 1, #KEYS / 2 do
    local stamp, value = KEYS[2 * i - 1], KEYS[2 * i]
    local stamp_ms, version, content = ARGV[3 * i - 1], ARGV[3 * i], ARGV[3 * i + 1]
    local stood = redis.call('HDEL', stamp, 'f:' .. token) == 1
    if version ~= '' then
        local held = redis.call('HMGET', stamp, 'v', 'least')
        local newest = math.max(tonumber(held[1] or 0), tonumber(held[2] or 0))
        local fenced = is_fenced(stamp)
        if not stood or fenced then
            -- Where the fence is gone (Redis forgot it, or it outlived its deadline), others may have read, and be about
            -- to store, what was true before: nobody may believe it any more.
            if not stood then
                redis.call('HDEL', stamp, 'fill')
                if tonumber(version) > tonumber(held[1] or 0) then
                    redis.call('HDEL', stamp, 'v')
                end
            end
            -- The last of several writers publishes; if it is one that wrote before this one, it must not.
            if tonumber(version) > newest then
                redis.call('HSET', stamp, 'least', version)
                redis.call('PEXPIRE', stamp, stamp_ms)
            end
        elseif tonumber(version) >= newest then
            redis.call('HDEL', stamp, 'fill', 'least')
            redis.call('HSET', stamp, 'v', version)
            if content == '' then
                redis.call('DEL', value)
            else
                redis.call('SET', value, version .. ' ' .. content, 'PX', stamp_ms)
            end
            redis.call('PEXPIRE', stamp, stamp_ms)
            published = published + 1
        end
    end
end
return published
