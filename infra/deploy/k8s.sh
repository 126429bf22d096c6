#!/usr/bin/env bash
# Brings a release to a cluster: migrate, roll out one domain after another, smoke-test, and go back if anything is wrong.
#
#   k8s.sh deploy OVERLAY IMAGE BACKUP_IMAGE   images by digest: registry/name@sha256:…
#   k8s.sh rollback OVERLAY                    every Deployment (or Knative Service) to the revision before the one that serves
#   k8s.sh smoke URL                           what a client sees of a healthy game
#   k8s.sh dev-secrets                         the Secrets of overlays/dev, random; needs GATEWAY, a gateway program
#
#   NAMESPACE     restart-life by default
#   CANARY_URL    if set, smoke-tested after the first Deployment, before the others follow
#   SMOKE_URL     if set, smoke-tested at the end
#   WAIT          longest wait for one rollout, 300s by default
#
# Migrations only add (expand, then contract a release later), so the old release runs on the new schema: a rollback is one of
# programs, never of the schema.
set -euo pipefail
checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
namespace=${NAMESPACE:-restart-life}
wait=${WAIT:-300s}

kube() { kubectl --namespace "$namespace" "$@"; }

# A kustomization in a folder of its own inside k8s/, for kustomize reads nothing from outside of its root by absolute path.
render() {
    local overlay=$1 image=$2 backup=$3 folder
    folder=$(mktemp -d "$checkout/k8s/.release.XXXXXX")
    cat >"$folder/kustomization.yaml" <<YAML
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [../overlays/$overlay]
images:
  - {name: restart-life-api, newName: "${image%@*}", digest: "${image#*@}"}
  - {name: restart-life-backup, newName: "${backup%@*}", digest: "${backup#*@}"}
YAML
    local status=0
    kubectl kustomize "$folder" || status=$?
    rm -rf "$folder"
    return "$status"
}

# Objects of a rendered file whose kind is (`only`) or is not (`not`) one of these; of one name, if one is given. Kustomize writes
# each object's own name at two spaces, below `metadata:`.
pick() {
    awk -v want="$1" -v kinds=" $2 " -v wanted="${3:-}" '
        function flush() {
            if (text != "" && (index(kinds, " " kind " ") > 0) == (want == "only") && (wanted == "" || name == wanted))
                printf "%s---\n", text
            text = kind = name = section = ""
        }
        /^---$/ { flush(); next }
        /^[a-z]/ { section = $1 }
        /^kind: / { kind = $2 }
        /^  name: / && section == "metadata:" { name = $2 }
        { text = text $0 "\n" }
        END { flush() }'
}

deployments() { kube get deployments --selector app=restart-life-api --output name; }

smoke() {
    local url=${1%/} path status
    for path in /health:200 /ready:200 /api/v1/catalog/countries:200 /api/v1/openapi.json:200 /metrics:404 /no/such/path:404; do
        status=$(curl --silent --show-error --output /dev/null --max-time 10 --retry 5 --retry-connrefused \
            --write-out '%{http_code}' "$url${path%:*}") || true
        [[ $status == "${path#*:}" ]] || { echo "smoke: ${path%:*} answered $status, not ${path#*:}" >&2; return 1; }
    done
    echo "smoke: $url is well"
}

services() { kube get ksvc --output 'jsonpath={.items[*].metadata.name}'; }

# The revision that most of a Knative Service's traffic goes to; nothing if there is no such service.
serving() {
    kube get ksvc "$1" --ignore-not-found \
        --output 'jsonpath={range .status.traffic[*]}{.percent}{" "}{.revisionName}{"\n"}{end}' | sort --numeric-sort --reverse | awk 'NR == 1 { print $2 }'
}

# The newest revision of a Knative Service that is older than a given one and was ready; nothing if there is none.
before_it() {
    kube get revisions --selector "serving.knative.dev/service=$1" --sort-by=.metadata.creationTimestamp \
        --output 'jsonpath={range .items[*]}{.metadata.name}{" "}{.status.conditions[?(@.type=="Ready")].status}{"\n"}{end}' |
        awk -v now="$2" '$1 == now { exit } $2 == "True" { last = $1 } END { print last }'
}

# All traffic of a Knative Service to one revision. The next release takes that back, for its manifest says `latestRevision`.
send_to() {
    kube patch ksvc "$1" --type merge --patch "{\"spec\":{\"traffic\":[{\"revisionName\":\"$2\",\"percent\":100}]}}"
}

rollback() {
    local name now earlier status=0
    if [[ $1 == knative ]]; then
        for name in $(services); do
            now=$(serving "$name")
            earlier=$(before_it "$name" "$now")
            if [[ -z $now || -z $earlier ]]; then
                echo "rollback: $name has no earlier revision that was ready; it stays at ${now:-none}" >&2
                status=1
                continue
            fi
            send_to "$name" "$earlier"
        done
        kube wait ksvc --all --for condition=Ready --timeout "$wait"
        return "$status"
    fi
    for name in $(deployments); do kube rollout undo "$name"; done
    for name in $(deployments); do kube rollout status "$name" --timeout "$wait"; done
}

deploy() {
    local overlay=$1 image=$2 backup=$3 manifests name first=true
    [[ $image == *@sha256:* && $backup == *@sha256:* ]] || { echo 'deploy: name the images by digest' >&2; return 2; }
    manifests=$(mktemp)
    # Expanded now: the variable is gone when the trap runs.
    # shellcheck disable=SC2064
    trap "rm -f '$manifests'" EXIT
    render "$overlay" "$image" "$backup" >"$manifests"

    # Settings and accounts, then the schema, then what serves.
    pick only 'Namespace ServiceAccount ConfigMap NetworkPolicy PersistentVolumeClaim' <"$manifests" | kubectl apply -f -
    kube delete job restart-life-migrate --ignore-not-found --wait
    pick only Job <"$manifests" | kube apply -f -
    if ! kube wait job/restart-life-migrate --for condition=Complete --timeout 1800s; then
        kube logs job/restart-life-migrate --tail 50 >&2
        echo 'deploy: the migration failed; nothing that serves was touched' >&2
        return 1
    fi

    # One Deployment after the other: a bad release stops at the first, with one pod of it, and no old pod gone.
    for name in $(pick only Deployment <"$manifests" | awk '/^[a-z]/ { inside = $1 == "metadata:" } inside && /^  name: / { print $2 }'); do
        before[$name]=$(kube get deployment "$name" --ignore-not-found \
            --output 'jsonpath={.metadata.annotations.deployment\.kubernetes\.io/revision}')
        pick only Deployment "$name" <"$manifests" | kubectl apply -f -
        if ! kube rollout status "deployment/$name" --timeout "$wait" || { $first && [[ -n ${CANARY_URL:-} ]] && ! smoke "$CANARY_URL"; }; then
            undo "$overlay"
            return 1
        fi
        first=false
    done

    if [[ $overlay == knative ]]; then
        for name in $(services); do before[$name]=$(serving "$name"); done
    fi
    # Autoscalers, services, routes, jobs, alerts; on Knative the services too, which move their traffic in steps.
    pick not 'Namespace ServiceAccount ConfigMap NetworkPolicy PersistentVolumeClaim Job Deployment' <"$manifests" | kubectl apply -f -
    if [[ $overlay == knative ]] && ! kube wait ksvc --all --for condition=Ready --timeout "$wait"; then
        undo "$overlay"
        return 1
    fi
    if [[ -n ${SMOKE_URL:-} ]] && ! smoke "$SMOKE_URL"; then
        undo "$overlay"
        return 1
    fi
    echo "deploy: $image serves"
}

# The revision that each Deployment had, or each Knative Service sent its traffic to, before this release touched it; empty if
# there was none.
declare -A before=()

# Back to where this release began, and no further: what it did not touch stays, and so does what was never there.
undo() {
    local name
    echo 'deploy: going back' >&2
    if [[ $1 == knative ]]; then
        # A service that was not there before has nothing to go back to.
        for name in "${!before[@]}"; do
            [[ -z ${before[$name]} ]] || send_to "$name" "${before[$name]}"
        done
        kube wait ksvc --all --for condition=Ready --timeout "$wait"
        return
    fi
    for name in "${!before[@]}"; do
        [[ -z ${before[$name]} ]] || kube rollout undo "deployment/$name" --to-revision "${before[$name]}"
    done
    for name in "${!before[@]}"; do
        [[ -z ${before[$name]} ]] || kube rollout status "deployment/$name" --timeout "$wait"
    done
}

dev_secrets() {
    local postgres keys
    postgres=$(openssl rand -hex 24)
    keys=$("${GATEWAY:?a gateway program, for its keygen}" keygen)
    kubectl create namespace "$namespace" --dry-run=client --output yaml | kubectl apply -f -
    kube create secret generic restart-life-postgres --from-literal "POSTGRES_PASSWORD=$postgres"
    kube create secret generic restart-life-secrets --from-literal "AUTH_VERIFYING_KEYS=$(sed -n 's/^AUTH_VERIFYING_KEYS=//p' <<<"$keys")" \
        --from-literal "DATABASE_URL=postgres://restart_life:$postgres@postgres-service:5432/restart_life" \
        --from-literal REDIS_URL=redis://redis-service:6379
    kube create secret generic restart-life-auth-secrets --from-literal "AUTH_SIGNING_KEY=$(sed -n 's/^AUTH_SIGNING_KEY=//p' <<<"$keys")"
}

case ${1:-}:$# in
    deploy:4) deploy "$2" "$3" "$4" ;;
    rollback:2) rollback "$2" ;;
    smoke:2) smoke "$2" ;;
    dev-secrets:1) dev_secrets ;;
    *) sed -n '2,/^set/{/^#/p}' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
esac
