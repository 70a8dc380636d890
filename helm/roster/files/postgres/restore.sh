#!/usr/bin/env bash
# Restores the backup BACKUP of /backups, or the newest of RELEASE, and puts it in the place of the database `roster`, which is kept
# under another name. Processes of Roster may run on: their calls fail while the names are exchanged.
set -euo pipefail

refuse() {
  printf 'restore: %s The database roster was not changed.\n' "$1" >&2
  exit 78
}

sql() {
  psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 --dbname "$1" --file -
}

export PGPASSWORD
PGPASSWORD=$(</var/run/secrets/postgres/password)
name=${BACKUP:-$(find /backups -maxdepth 1 -name "$RELEASE.????????T??????Z.dump" -printf '%f\n' | sort | tail -n 1)}
[[ $name && -f /backups/$name ]] || refuse "there is no backup ${name:-of $RELEASE} in /backups."

# It is written beside what is there, and to the log. An estimate: images take as much as in a backup, rows of users some times more.
log=$(sql postgres <<<"SELECT pg_size_bytes(current_setting('max_wal_size'));")
needed=$((2 * $(stat -c %s "/backups/$name") + log))
free=$(sql postgres <<<'SELECT public.free_bytes();') || refuse 'the free space on the volume of the database is not known: see the line before.'
((free >= needed)) ||
  refuse "/backups/$name needs about $((needed / 1048576)) MiB on the volume of the database, which has $((free / 1048576)) MiB free. Raise postgres.bundled.size, or drop databases roster_before_…."

stamp=$(date -u +%Y%m%dt%H%M%Sz)
restored=roster_restored_$stamp
before=roster_before_$stamp
sql postgres <<<"CREATE DATABASE $restored OWNER roster ENCODING 'UTF8' TEMPLATE template0;"
undo() {
  sql postgres <<SQL || true
SELECT 'ALTER DATABASE roster ALLOW_CONNECTIONS true' WHERE EXISTS (SELECT FROM pg_database WHERE datname = 'roster') \gexec
DROP DATABASE IF EXISTS $restored;
SQL
}
trap undo EXIT
pg_restore --no-owner --no-privileges --role roster --exit-on-error --dbname "$restored" "/backups/$name"

found=$(sql "$restored" <<<'SELECT name FROM environment;')
[[ $found == "$ENVIRONMENT" ]] || refuse "/backups/$name is of the environment \`$found\`, and this release of \`$ENVIRONMENT\`."
users=$(sql "$restored" <<<'SELECT count(*) FROM users;')
sql "$restored" <<'SQL'
SELECT format('ANALYZE %I', tablename) FROM pg_tables WHERE schemaname = 'public' \gexec
SQL

# No new connections, no old ones, and then both names at once.
sql postgres <<SQL
SELECT 'ALTER DATABASE roster ALLOW_CONNECTIONS false' WHERE EXISTS (SELECT FROM pg_database WHERE datname = 'roster') \gexec
SELECT count(pg_terminate_backend(pid)) AS ended FROM pg_stat_activity WHERE datname = 'roster' AND usename = 'roster' \gset
BEGIN;
SELECT 'ALTER DATABASE roster RENAME TO $before' WHERE EXISTS (SELECT FROM pg_database WHERE datname = 'roster') \gexec
ALTER DATABASE $restored RENAME TO roster;
COMMIT;
SELECT 'ALTER DATABASE $before ALLOW_CONNECTIONS true' WHERE EXISTS (SELECT FROM pg_database WHERE datname = '$before') \gexec
SQL
trap - EXIT
printf '%s restored: %s users. What was there is the database %s: drop it once it is not needed.\n' "/backups/$name" "$users" "$before"
