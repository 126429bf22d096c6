# What does the process itself complain of (Redis away, connections broken, a collector that takes nothing), since when, and how
# often? By message, the most frequent first. Slow statements have a question of their own.
include "log";

[lines | select(.level == "WARN" and .message != "slow statement")]
| group_by(.message)
| map({
    message: .[0].message,
    count: length,
    first: (map(.timestamp) | min),
    last: (map(.timestamp) | max),
    example: (map(.error | strings) | last)
  })
| sort_by(-.count)[]
