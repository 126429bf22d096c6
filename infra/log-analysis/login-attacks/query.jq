# Who guesses passwords? Failed logins by minute and network, those with more than three; and whether one of them got in.
include "log";

[lines | select(.message == "account event" and .fields.event == "login")]
| group_by([.timestamp[0:16], .fields.client])
| map(
    map(select(.fields.outcome == "failed")) as $failed
    | select($failed | length > 3)
    | {
        minute: .[0].timestamp[0:16],
        client: .[0].fields.client,
        failed: ($failed | length),
        reasons: ($failed | group_by(.fields.reason) | map({key: .[0].fields.reason, value: length}) | from_entries),
        got_in: (map(select(.fields.outcome == "ok")) | length)
      }
  )
| sort_by(-.failed)[]
