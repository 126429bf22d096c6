# Which errors are there, and how many of each? One line a fingerprint, the most frequent first. A line without one gets the
# nearest thing: its text without numbers and ids.
include "log";

def likeness: gsub("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"; "<id>") | gsub("[0-9]+"; "<n>");

[lines | select(.level == "ERROR") | .key = (.fields.fingerprint // (.error // .message | likeness))]
| group_by(.key)
| map({
    fingerprint: .[0].key,
    count: length,
    routes: (map(.route | strings) | unique),
    users: (map(.user_id | strings) | unique | length),
    first: (map(.timestamp) | min),
    last: (map(.timestamp) | max),
    example: .[0].error,
    request_id: .[0].request_id
  })
| sort_by(-.count)[]
