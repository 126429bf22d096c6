-- The seed's wrk run: GET /api/v1/characters, each request by one of many players, the popular ones more often
-- (Zipf). wrk hands over what stands after `--`: the file with one access token a line, and the skew.
-- The last line printed is JSON.

local threads = 0

function setup(thread)
    threads = threads + 1
    thread:set('number', threads)
end

function init(args)
    local skew = tonumber(args[2])
    requests, cumulated = {}, {}
    local total = 0
    for token in io.lines(args[1]) do
        local headers = { ['Authorization'] = 'Bearer ' .. token, ['Accept-Language'] = 'en' }
        requests[#requests + 1] = wrk.format('GET', '/api/v1/characters', headers)
        total = total + 1 / (#requests) ^ skew
        cumulated[#requests] = total
    end
    math.randomseed(number)
end

-- The rank whose share of the cumulated weights a random number falls into.
function request()
    local wanted = math.random() * cumulated[#cumulated]
    local low, high = 1, #cumulated
    while low < high do
        local middle = math.floor((low + high) / 2)
        if cumulated[middle] < wanted then low = middle + 1 else high = middle end
    end
    return requests[low]
end

-- Times in microseconds. `status` counts answers of 400 and above.
function done(summary, latency)
    local errors = summary.errors
    io.write(string.format(
        '{"requests":%d,"duration_us":%d,"p50_us":%d,"p95_us":%d,"p99_us":%d,'
            .. '"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d}\n',
        summary.requests, summary.duration,
        latency:percentile(50), latency:percentile(95), latency:percentile(99),
        errors.connect, errors.read, errors.write, errors.status, errors.timeout))
end
