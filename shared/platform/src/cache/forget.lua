-- After a deletion: forgets aggregates that are no more. A write or a load that was under way meanwhile must not bring
-- them back, so for as long as one can be, no version counts as new enough.
--
-- KEYS: for each aggregate its stamp and its value. ARGV: how long that is remembered (ms).
for i = 1, #KEYS, 2 do
    redis.call('DEL', KEYS[i], KEYS[i + 1])
    redis.call('HSET', KEYS[i], 'least', '9007199254740991')
    redis.call('PEXPIRE', KEYS[i], ARGV[1])
end
return #KEYS
