#!/bin/sh
# Whether a backup is whole: its checksum, its encryption to the last block, and its table of contents.
#
#   verify.sh FILE   a .dump.age file, with its .sha256 beside it
#   BACKUP_IDENTITY  file with the age private key
set -eu
: "${BACKUP_IDENTITY:?}"
[ $# -eq 1 ] || { echo "usage: $0 FILE" >&2; exit 2; }
(cd "$(dirname "$1")" && sha256sum --check --quiet "$(basename "$1").sha256")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkfifo "$work/copy"
{ pg_restore --list >"$work/contents" && : >"$work/listed"; cat >/dev/null; } <"$work/copy" &
age --decrypt --identity "$BACKUP_IDENTITY" "$1" >"$work/copy" || { wait; echo 'verify: it does not decipher' >&2; exit 1; }
wait
[ -e "$work/listed" ] || { echo 'verify: it is no dump' >&2; exit 1; }
echo "verified=$(basename "$1") objects=$(grep -vc '^;' "$work/contents")"
