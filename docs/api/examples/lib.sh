# shellcheck shell=bash
# What every example begins with: where the game is, and how it is asked. Needs curl and jq.
# Sourced, not run. Set RESTART_LIFE_URL to play elsewhere than at the address of `cargo xtask up`.
set -euo pipefail

url=${RESTART_LIFE_URL:-http://127.0.0.1:8080}
token=

# call METHOD PATH [BODY]: prints `data`; on a refusal says what the server said, and ends the script.
call() {
    local method=$1 path=$2 body=${3:-} answer
    local arguments=(--silent --show-error --max-time 20 --request "$method" --header 'Accept-Language: en')
    [[ -z $token ]] || arguments+=(--header "Authorization: Bearer $token")
    # A key of its own for each change: sent again after a broken connection, it changes nothing twice.
    [[ $method != POST ]] || arguments+=(--header "Idempotency-Key: $(uuid)")
    [[ -z $body ]] || arguments+=(--header 'Content-Type: application/json' --data "$body")
    answer=$(curl "${arguments[@]}" "$url/api/v1$path")
    if [[ $(jq .success <<<"$answer") != true ]]; then
        jq --raw-output '.error | "\(.code) \(.reason // ""): \(.message)"' <<<"$answer" >&2
        return 1
    fi
    jq .data <<<"$answer"
}

uuid() {
    cat /proc/sys/kernel/random/uuid 2>/dev/null || uuidgen
}

# A guest of this run alone: nobody has to register to play.
sign_in() {
    local secret
    secret=$(uuid)
    token=$(call POST /auth/login "$(jq --null-input --arg secret "$secret" \
        '{login_type: "guest", credentials: {device_secret: $secret}, platform: "web"}')" | jq --raw-output .access_token)
}

# deal NAME COUNTRY YEAR: deals a life and starts it; sets `life` and `version`.
deal() {
    local dealt
    dealt=$(call POST /characters "$(jq --null-input --arg name "$1" --arg country "$2" --argjson year "$3" \
        '{character_name: $name, birth_country: $country, birth_year: $year}')")
    life=$(jq --raw-output .character_id <<<"$dealt")
    version=$(call POST "/game/start/$life" '{"expected_version": 1}' | jq .version)
}

# settle: takes the default of whatever decision waits, shown with its odds.
settle() {
    local decision
    while decision=$(call GET "/game/state/$life" | jq --exit-status '.pending_decisions[0]'); do
        jq --raw-output '"? \(.question)", (.options[] | "  \(.option_id): \(.text) \(.odds // {} | tostring)")' <<<"$decision"
        version=$(call POST "/game/decision/$life" "$(jq --argjson version "$version" \
            '{expected_version: $version, decision_id, option_id: .default_option_id}' <<<"$decision")" | jq .version)
    done
}

# until_age AGE: lives on until that age or death, and takes the default of every decision.
until_age() {
    local answer
    while :; do
        answer=$(call POST "/game/advance/$life" "$(jq --null-input --argjson version "$version" \
            '{expected_version: $version, mode: "steady", years: 10, on_pending: "default"}')")
        version=$(jq .version <<<"$answer")
        jq --raw-output '.years[] | select(.events != []) | "\(.year), aged \(.age): " + ([.events[].title] | join("; "))' <<<"$answer"
        [[ $(jq --argjson age "$1" '.state.status == "dead" or .state.age >= $age' <<<"$answer") == false ]] || return 0
    done
}
