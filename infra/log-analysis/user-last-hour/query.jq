# What did this player do in the hour before the log's end, or before --arg until? Needs --arg user.
include "log";

$ARGS.named.user as $user
| [lines | select(.timestamp)]
| (($ARGS.named.until // (map(.timestamp) | max)) | seconds) as $last
| map(select(.user_id == $user and (.timestamp | seconds) <= $last and (.timestamp | seconds) > $last - 3600))
| sort_by(.timestamp)[]
| {timestamp, message, route, status, duration_ms, character_id, reason: .fields.reason, error, request_id}
| with_entries(select(.value != null))
