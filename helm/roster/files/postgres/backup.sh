#!/usr/bin/env bash
# Writes a backup of RELEASE to /backups, and then removes old ones of RELEASE: what is neither among the newest KEEP_COUNT nor of the
# last KEEP_DAYS days. Other releases may use the same volume.
set -euo pipefail
umask 027

export PGPASSWORD
PGPASSWORD=$(</var/run/secrets/postgres/password)
# A pattern for find.
own="$RELEASE.????????T??????Z.dump"
file=/backups/$RELEASE.$(date -u +%Y%m%dT%H%M%SZ).dump
part=$file.$HOSTNAME.part
trap 'rm -f "$part"' EXIT
# What a job that was killed left.
find /backups -maxdepth 1 -name "$own.*.part" -mmin +1440 -delete

# An empty database that took the place of a lost one must neither be the newest backup nor outlive the others.
has_users=$(psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 --file - <<'SQL'
SELECT 'SELECT EXISTS (SELECT FROM users)' WHERE to_regclass('users') IS NOT NULL \gexec
SQL
)
if [[ $has_users != t && -n $(find /backups -maxdepth 1 -name "$own" -print -quit) ]]; then
  echo 'the database has no users: the backups stay as they are'
  exit
fi

# Direct uploads that wait are not in it: clients send them again.
pg_dump --format custom --compress 1 --no-unlogged-table-data --file "$part"
# Its table of contents is at its end: it is complete.
pg_restore --list "$part" >/dev/null
sync
mv "$part" "$file"
sync
printf '%s: %s bytes\n' "$file" "$(stat -c %s "$file")"

oldest=$(date -u -d "@$(($(date +%s) - KEEP_DAYS * 86400))" +%Y%m%dT%H%M%SZ)
mapfile -t backups < <(find /backups -maxdepth 1 -name "$own" | sort -r)
for backup in "${backups[@]:KEEP_COUNT}"; do
  [[ ! $backup < /backups/$RELEASE.$oldest.dump ]] || {
    rm "$backup"
    printf '%s: removed\n' "$backup"
  }
done
