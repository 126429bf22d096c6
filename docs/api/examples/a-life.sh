#!/usr/bin/env bash
# A whole life: a guest deals one, plans it, lives it to its end, and reads what it came to.
# What lib.sh brings and sets is not looked up:
# shellcheck disable=SC1091,SC2154
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

sign_in
deal 'Lin An' CN 1962
until_age 18
settle
# Ten points of energy a year; what is not named stays as it is.
if [[ $(call GET "/game/state/$life" | jq --raw-output .status) == alive ]]; then
    version=$(call PUT "/game/plan/$life" "$(jq --null-input --argjson version "$version" \
        '{expected_version: $version, plan: {study: 3, work: 3, exercise: 1, art: 0, social: 1, family: 1, rest: 1}}')" | jq .version)
    until_age 121
fi
call GET "/game/summary/$life" | jq '{character_name, birth_year, age, grade, score, people, categories}'
