# Which clients are still about, by platform and release? With how many players of each, and what share fails.
include "log";

[requests | select(.fields.client_platform)]
| group_by([.fields.client_platform, .fields.client_version])
| map({
    platform: .[0].fields.client_platform,
    version: .[0].fields.client_version,
    requests: length,
    users: (map(.user_id | strings) | unique | length),
    refused: (map(select(.status >= 400)) | length)
  })
| sort_by(-.requests)[]
