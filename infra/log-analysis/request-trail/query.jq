# Everything about one request (--arg request, as the client was told), and what else belongs to its trace.
include "log";

$ARGS.named.request as $id
| [lines]
| (map(select(.request_id == $id) | .trace_id | strings) | unique) as $traces
| map(select(.request_id == $id or (.trace_id as $trace | $traces | index($trace) != null)))
| sort_by(.timestamp)[]
