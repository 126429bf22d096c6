# What is answered, by route and status?
include "log";

[requests] | group_by([.route, .status])[] | {route: .[0].route, status: .[0].status, requests: length}
