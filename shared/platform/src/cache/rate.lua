-- GCRA in one round trip. KEYS[1]: the subject's theoretical arrival time (TAT), Unix microseconds.
-- ARGV[1]: microseconds a request costs. ARGV[2]: requests allowed at once.
-- Answers {allowed, TAT after this request, now}. Microseconds stay exact in a double until the year 2255.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval = tonumber(ARGV[1])
local tat = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now)
local next = tat + interval
if next > now + interval * ARGV[2] then
    return {0, tat, now}
end
redis.call('SET', KEYS[1], string.format('%.0f', next), 'PX', math.ceil((next - now) / 1000))
return {1, next, now}
