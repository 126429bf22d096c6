-- After a load: stores what Postgres said, if no write can have happened since.
--
-- KEYS: the aggregate's stamp and its value. ARGV: the fill token, the version, the value, the lifetime of a stamp (ms).
-- A stamp that has a version takes the same again or a newer one without a token: every write since would have
-- deleted it. Answers 1 if stored.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local stamp, value, token, version, content, stamp_ms = KEYS[1], KEYS[2], ARGV[1], ARGV[2], ARGV[3], ARGV[4]

local newest, holder = 0, false
local stands = false
local fields = redis.call('HGETALL', stamp)
for i = 1, #fields, 2 do
    local name, content = fields[i], fields[i + 1]
    if name == 'v' then
        stands = true
    end
    if name == 'v' or name == 'least' then
        newest = math.max(newest, tonumber(content))
    elseif name == 'fill' then
        holder = string.match(content, '^%d+ (.+)$')
    elseif string.sub(name, 1, 2) == 'f:' and tonumber(content) > now then
        return 0
    end
end
if tonumber(version) < newest or not (stands or holder == token) then
    return 0
end
redis.call('HDEL', stamp, 'fill', 'least')
redis.call('HSET', stamp, 'v', version)
redis.call('SET', value, version .. ' ' .. content, 'PX', stamp_ms)
redis.call('PEXPIRE', stamp, stamp_ms)
return 1
