#!/bin/sh
# One backup: dump, encrypt, read back, and only then give it its name; delete what is too old; tell the Pushgateway.
#
#   BACKUP_DATABASE_URL  postgres:// URL of a role that may read everything
#   BACKUP_RECIPIENT     age public key (age1…); the private one is needed to restore and is not kept here
#   BACKUP_FOLDER        where backups are kept
#   BACKUP_KEEP_DAYS     days a backup is kept, 14 by default; the newest one always is
#   PUSHGATEWAY_URL      where success is reported; nowhere if empty
#
# The plain text is never on a disk. Exits with 1, and leaves nothing that looks like a backup, when anything fails.
set -eu
: "${BACKUP_DATABASE_URL:?}" "${BACKUP_RECIPIENT:?}" "${BACKUP_FOLDER:?}"
keep_days=${BACKUP_KEEP_DAYS:-14}
umask 077

started=$(date -u +%s)
name=restart-life-$(date -u +%Y%m%dT%H%M%SZ).dump.age
work=$(mktemp -d "$BACKUP_FOLDER/.backup.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' HUP INT TERM

# A pipeline's status is its last command's, so each of the others leaves a mark. `pg_restore --list` reads the table of
# contents from the same stream: what cannot be listed is no dump. It stops early, so the rest is read away.
mkfifo "$work/copy"
{ pg_restore --list >"$work/contents" && : >"$work/listed"; cat >/dev/null; } <"$work/copy" &
{ pg_dump --format=custom --no-owner --no-privileges --dbname="$BACKUP_DATABASE_URL" && : >"$work/dumped"; } |
    { tee "$work/copy" && : >"$work/copied"; } |
    age --recipient "$BACKUP_RECIPIENT" --output "$work/$name"
wait
for mark in dumped copied listed; do
    [ -e "$work/$mark" ] || { echo "backup: the dump was not $mark" >&2; exit 1; }
done
grep -q 'TABLE DATA public users' "$work/contents" || { echo 'backup: the dump holds no accounts' >&2; exit 1; }

# Written through to the disk and read back before it counts.
sync "$work/$name"
(cd "$work" && sha256sum "$name" >"$name.sha256" && sha256sum --check --quiet "$name.sha256")
mv "$work/$name.sha256" "$BACKUP_FOLDER/"
mv "$work/$name" "$BACKUP_FOLDER/"
bytes=$(wc -c <"$BACKUP_FOLDER/$name")

# Only now, and never the one that was just made.
find "$BACKUP_FOLDER" -maxdepth 1 -type f -name 'restart-life-*.dump.age*' -mtime "+$keep_days" ! -name "$name*" -delete

if [ -n "${PUSHGATEWAY_URL:-}" ]; then
    printf 'backup_last_success_timestamp_seconds %s\nbackup_bytes %s\n' "$(date -u +%s)" "$bytes" |
        curl --silent --show-error --fail --max-time 10 --data-binary @- "$PUSHGATEWAY_URL/metrics/job/backup"
fi
echo "backup=$name bytes=$bytes objects=$(grep -vc '^;' "$work/contents") seconds=$(($(date -u +%s) - started))"
