#!/usr/bin/env bash
# Writes infra/.env with a random password for each service and fresh token keys; never over one that is there.
# Needs the gateway: the image restart-life-api:$TAG (local by default), or a program named by GATEWAY.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
[[ ! -e .env ]] || { echo 'infra/.env is there already; it is left as it is' >&2; exit 1; }

secret() { openssl rand -hex 24; }
if [[ -n ${GATEWAY:-} ]]; then
    keys=$("$GATEWAY" keygen)
else
    keys=$(docker run --rm "restart-life-api:${TAG:-local}" keygen)
fi
umask 077
cat >.env <<ENV
POSTGRES_PASSWORD=$(secret)
REDIS_PASSWORD=$(secret)
GRAFANA_PASSWORD=$(secret)
$keys
ENV
echo 'infra/.env written; keep it, and keep it to yourself'
