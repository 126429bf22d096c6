#!/usr/bin/env bash
# What if: a life is lived to forty, goes another way from twenty on, and the two are laid side by side.
# What lib.sh brings and sets is not looked up:
# shellcheck disable=SC1091,SC2154
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

sign_in
deal 'Ada' GB 1950
until_age 40 >/dev/null
first=$life
age=$(call GET "/game/state/$first" | jq 'if .status == "dead" then [.age - 1, 0] | max else [.age, 20] | min end')
branch=$(call POST "/game/branch/$first" "{\"from_age\": $age}")
life=$(jq --raw-output .character_id <<<"$branch")
version=$(jq .version <<<"$branch")
settle
version=$(call PUT "/game/plan/$life" "$(jq --null-input --argjson version "$version" \
    '{expected_version: $version, habits: {sleep: "moderate", diet: "moderate", exercise: "much", drink: "none", smoke: "none"}}')" | jq .version)
until_age 40 >/dev/null
call GET "/game/compare?left=$first&right=$life" | jq '{parted, numbers, people: (.people | length)}'
