# Who guesses passwords? Refused logins by minute and address, those with more than three; and whether one of them got in.
include "log";

[lines | select(.message == "auth event" and .fields.event == "login")]
| group_by([.timestamp[0:16], .fields.ip])
| map(
    map(select(.fields.outcome == "refused")) as $refused
    | select($refused | length > 3)
    | {
        minute: .[0].timestamp[0:16],
        ip: .[0].fields.ip,
        refused: ($refused | length),
        reasons: ($refused | group_by(.fields.reason) | map({key: .[0].fields.reason, value: length}) | from_entries),
        got_in: (map(select(.fields.outcome == "ok")) | length)
      }
  )
| sort_by(-.refused)[]
