# Do clients retry as they should? By route: first answers given again, and what was refused, by reason.
include "log";

[requests | select(.fields.replayed or (.status >= 400 and .status < 500))]
| group_by(.route)
| map({
    route: .[0].route,
    replayed: (map(select(.fields.replayed)) | length),
    refused: (
      map(select(.status >= 400)) | group_by([.status, .fields.reason])
      | map({key: ([.[0].status, .[0].fields.reason | values | tostring] | join(" ")), value: length}) | from_entries
    )
  })
| sort_by(.route)[]
