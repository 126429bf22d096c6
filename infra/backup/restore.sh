#!/bin/sh
# Restores a backup into an empty database. All of it or nothing, in one transaction.
#
#   restore.sh FILE       a .dump.age file, with its .sha256 beside it
#   RESTORE_DATABASE_URL  postgres:// URL of the database to fill; it must hold no table
#   BACKUP_IDENTITY       file with the age private key
set -eu
: "${RESTORE_DATABASE_URL:?}" "${BACKUP_IDENTITY:?}"
[ $# -eq 1 ] || { echo "usage: $0 FILE" >&2; exit 2; }
"$(dirname "$0")/verify.sh" "$1"

tables=$(psql --no-psqlrc --quiet --tuples-only --no-align --dbname="$RESTORE_DATABASE_URL" --command \
    "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')")
[ "$tables" = 0 ] || { echo "restore: the database holds $tables tables already; give an empty one" >&2; exit 1; }

# age ends with an error when its last block is not authentic, by when pg_restore may have committed: so the file was
# deciphered to its end by verify.sh before.
age --decrypt --identity "$BACKUP_IDENTITY" "$1" |
    pg_restore --exit-on-error --single-transaction --no-owner --no-privileges --dbname="$RESTORE_DATABASE_URL"
psql --no-psqlrc --quiet --dbname="$RESTORE_DATABASE_URL" --command 'ANALYZE'
echo "restored=$(basename "$1")"
