# Which statements were slower than the log's threshold? By name, the one that cost most first; in ms.
include "log";

[lines | select(.message == "slow statement")]
| group_by(.fields.query)
| map({
    query: .[0].fields.query,
    count: length,
    total: (map(.duration_ms) | add | tenth),
    max: (map(.duration_ms) | max | tenth),
    routes: (map(.route | strings) | unique),
    request_id: (max_by(.duration_ms) | .request_id)
  })
| sort_by(-.total)[]
