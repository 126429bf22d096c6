#!/usr/bin/env bash
# Nothing is hidden: why the last event happened, how likely it was, and that the whole life is what its dice say.
# What lib.sh brings and sets is not looked up:
# shellcheck disable=SC1091,SC2154
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

sign_in
deal 'Amara' NG 1985
until_age 12 >/dev/null
last=$(call GET "/game/events/$life?limit=1&order=age_desc" | jq '.[0].event_seq')
call GET "/game/why/$life/$last" | jq '{title, draw, chances_that_year: (.year | length)}'
call GET "/game/replay/$life" | jq '{verified, entries, head}'
