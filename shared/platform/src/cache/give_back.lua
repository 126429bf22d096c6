-- Gives back one request that `gate.lua` counted: it turned out not to be one of those that the limit is against.
--
-- KEYS: the subject's theoretical arrival time (TAT).
-- ARGV: microseconds a request costs.
-- Answers the TAT after that; 0 when nothing is counted.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local tat = tonumber(redis.call('GET', KEYS[1]) or 0) - ARGV[1]
if tat <= now then
    redis.call('DEL', KEYS[1])
    return 0
end
redis.call('SET', KEYS[1], string.format('%.0f', tat), 'PX', math.ceil((tat - now) / 1000))
return tat
