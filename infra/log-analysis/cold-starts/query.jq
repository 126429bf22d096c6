# Who had to wait for a process to start, and for how long? By route: how many, of how many, and the slowest in ms.
include "log";

[requests]
| group_by(.route)
| map(
    map(select(.cold_start)) as $cold
    | select($cold | length > 0)
    | {route: .[0].route, cold: ($cold | length), requests: length, slowest: ($cold | map(.duration_ms) | max | tenth)}
  )
| sort_by(-.cold)[]
