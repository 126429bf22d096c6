#!/usr/bin/env bash
# Restart Life on AWS, from a shell: what a pipeline does, step by step, and nothing else.
#
#   aws.sh setup    <environment>   once: the bucket of releases, and the key that signs tokens
#   aws.sh deploy   <environment>   build, package, migrate, let it take over by and by, try it; back if it fails
#   aws.sh rollback <environment>   the release before, at once
#   aws.sh smoke    <environment>   try what is there
#
# Environments are those of samconfig.toml. Needed: aws, sam, cargo-lambda, curl, python3 (3.11), an account's credentials.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

usage() {
    sed -n '2,9s/^# \{0,1\}//p' infra/deploy/aws.sh >&2
    exit 2
}

[[ $# -eq 2 ]] || usage
verb=$1 environment=$2
stack=restart-life-$environment
work=.local/deploy/$environment

say() {
    printf '== %s\n' "$*"
}

# What samconfig.toml sets for the environment, a line each; further ones win.
overrides() {
    python3 - "$environment" "$@" <<'PYTHON'
import sys, tomllib
environment, *further = sys.argv[1:]
with open("samconfig.toml", "rb") as file:
    config = tomllib.load(file)
if environment not in config:
    sys.exit(f"samconfig.toml knows no environment {environment}")
values = dict(item.split("=", 1) for item in config[environment]["deploy"]["parameters"]["parameter_overrides"])
values.update(item.split("=", 1) for item in further)
print("\n".join(f"{name}={value}" for name, value in values.items()))
PYTHON
}

# The stack's output of this name; nothing before the first deployment. Any other fault is one.
output() {
    local said
    if said=$(aws cloudformation describe-stacks --stack-name "$stack" \
        --query "Stacks[0].Outputs[?OutputKey=='$1'].OutputValue" --output text 2>&1); then
        [[ $said == None ]] || printf '%s' "$said"
    elif [[ $said != *"does not exist"* ]]; then
        printf '%s\n' "$said" >&2
        return 1
    fi
}

is_kept() {
    aws s3api head-object --bucket "$bucket" --key "$environment/$1.yaml" >/dev/null 2>&1
}

setup() {
    say 'bucket of releases'
    if ! aws s3api head-bucket --bucket "$bucket" >/dev/null 2>&1; then
        aws s3 mb "s3://$bucket"
        aws s3api put-public-access-block --bucket "$bucket" --public-access-block-configuration \
            BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true
    fi
    say 'signing key'
    local secret=restart-life/$environment/auth-signing-key
    if aws secretsmanager describe-secret --secret-id "$secret" >/dev/null 2>&1; then
        return
    fi
    local keys private made=0
    keys=$(cargo run --quiet --bin gateway -- keygen)
    # The public half first: the secret is what says that all is done.
    aws ssm put-parameter --name "/restart-life/$environment/auth-verifying-keys" --type String --overwrite \
        --value "$(sed -n 's/^AUTH_VERIFYING_KEYS=//p' <<<"$keys")" >/dev/null
    # By a file that nobody else reads, not by an argument, which every process may read.
    private=$(mktemp)
    sed -n 's/^AUTH_SIGNING_KEY=//p' <<<"$keys" | tr -d '\n' >"$private"
    aws secretsmanager create-secret --name "$secret" --secret-string "file://$private" >/dev/null || made=$?
    rm -f "$private"
    return "$made"
}

build() {
    say 'build'
    cargo lambda build --release --arm64 --workspace
}

package() {
    say 'package'
    sam package --template-file template.yaml --s3-bucket "$bucket" --s3-prefix "$environment" \
        --output-template-file "$work/candidate.yaml"
}

# The schema first: the release that is there goes on working on it (docs/operations/database.md). The function is given
# the new code by itself; the deployment that follows finds it as it wants it.
migrate() {
    say 'migrate'
    python3 - target/lambda/job-migrate/bootstrap "$work/job-migrate.zip" <<'PYTHON'
import sys, zipfile
with zipfile.ZipFile(sys.argv[2], "w", zipfile.ZIP_DEFLATED) as archive:
    archive.write(sys.argv[1], "bootstrap")
PYTHON
    aws lambda update-function-code --function-name "$1" --zip-file "fileb://$work/job-migrate.zip" >/dev/null
    aws lambda wait function-updated-v2 --function-name "$1"
    invoke_migration "$1"
}

invoke_migration() {
    local failed
    # Waits longer than the function may take, and never sends it a second time on its own.
    failed=$(AWS_MAX_ATTEMPTS=1 aws lambda invoke --function-name "$1" --cli-read-timeout 910 \
        --query FunctionError --output text "$work/migrated.json")
    if [[ $failed != None ]]; then
        printf 'the migration failed: %s\n' "$(cat "$work/migrated.json")" >&2
        return 1
    fi
}

# A packaged template, and what is to be otherwise than in samconfig.toml.
release() {
    local template=$1 set parameters
    shift
    set=$(overrides "$@")
    mapfile -t parameters <<<"$set"
    sam deploy --config-env "$environment" --template-file "$template" --s3-bucket "$bucket" --s3-prefix "$environment" \
        --no-fail-on-empty-changeset --no-confirm-changeset --parameter-overrides "${parameters[@]}"
}

# What a player would notice: it lives, it reaches its stores, it answers, and what is not there is our 404.
smoke() {
    local url path expected status
    url=$(output ApiUrl) || return 1
    say "smoke test of $url"
    while read -r path expected; do
        status=$(curl --silent --show-error --output "$work/answer" --max-time 20 --retry 3 --retry-delay 2 \
            --write-out '%{http_code}' "$url$path" </dev/null) || return 1
        printf '%s %s\n' "$status" "$path"
        if [[ $status != "$expected" ]]; then
            printf '%s should have answered %s: %s\n' "$path" "$expected" "$(head -c 500 "$work/answer")" >&2
            return 1
        fi
    done <<'PATHS'
/health 200
/ready 200
/api/v1/catalog/countries 200
/api/v1/auth/profile 401
/no/such/path 404
PATHS
}

# Back to what was found good before. The schema stays: every release works on the next one's.
rollback() {
    say "rollback to $1"
    aws s3 cp --only-show-errors "s3://$bucket/$environment/$1.yaml" "$work/$1.yaml"
    release "$work/$1.yaml" DeploymentType=AllAtOnce
}

deploy() {
    local function
    function=$(output JobMigrateName)
    build
    package
    if [[ -n $function ]]; then
        migrate "$function"
        say 'take over by and by'
        release "$work/candidate.yaml"
    else
        say 'first deployment'
        release "$work/candidate.yaml" DeploymentType=AllAtOnce
        say 'migrate'
        function=$(output JobMigrateName)
        invoke_migration "$function"
    fi
    if ! smoke; then
        if is_kept current; then
            rollback current
        fi
        return 1
    fi
    say 'keep'
    if is_kept current; then
        aws s3 cp --only-show-errors "s3://$bucket/$environment/current.yaml" "s3://$bucket/$environment/previous.yaml"
    fi
    aws s3 cp --only-show-errors "$work/candidate.yaml" "s3://$bucket/$environment/current.yaml"
    say 'deployed'
}

overrides >/dev/null
mkdir -p "$work"
bucket=restart-life-$environment-$(aws sts get-caller-identity --query Account --output text)
case $verb in
    setup) setup ;;
    deploy) deploy ;;
    rollback)
        rollback previous
        smoke
        aws s3 cp --only-show-errors "s3://$bucket/$environment/previous.yaml" "s3://$bucket/$environment/current.yaml"
        ;;
    smoke) smoke ;;
    *) usage ;;
esac
