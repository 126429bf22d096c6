# Which routes are slow, and how slow is one request of twenty? The slowest first; all durations in ms.
include "log";

[requests]
| group_by(.route)
| map(
    ([.[].duration_ms] | sort) as $ms
    | {route: .[0].route, requests: length, p50: ($ms | percentile(0.5) | tenth), p95: ($ms | percentile(0.95) | tenth), max: ($ms | max | tenth)}
  )
| sort_by(-.p95)[]
