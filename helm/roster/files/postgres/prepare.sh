#!/usr/bin/env bash
# Before each start of the server: refuses data of another major version, creates the database on an empty volume, and gives the
# roles the passwords of the Secret.
set -euo pipefail

refuse() {
  printf 'postgres: %s\n' "$1" >&2
  exit 78
}

major=$(postgres --version | sed -E 's/^[^0-9]*([0-9]+).*/\1/')
data=$PGDATA
if [[ -s $data/PG_VERSION ]]; then
  found=$(<"$data/PG_VERSION")
  [[ $found == "$major" ]] ||
    refuse "the volume has data of PostgreSQL $found and the image is PostgreSQL $major, which cannot read it. Nothing was changed. Set postgres.bundled.image.tag to \"$found\", or move to $major by a backup: docs/postgres-on-kubernetes.md, Another major version."
elif [[ -d $data && -n $(ls -A "$data") ]]; then
  refuse "$data has files, and is not a database. Nothing was changed. Use an empty volume."
else
  # Under another name until it is complete.
  data=$PGDATA.new
  rm -rf "$data"
  initdb --pgdata "$data" --username postgres --auth peer --encoding UTF8 --locale C --data-checksums
fi

pg_ctl start --pgdata "$data" --silent --wait --timeout 86400 \
  --options "-c config_file=/etc/postgres/postgresql.conf -c listen_addresses=''"
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --host /var/run/postgresql --username postgres --dbname postgres --file - <<'SQL'
\set password `cat /var/run/secrets/postgres/password`
\set backup `cat /var/run/secrets/postgres/backup-password`
\set restore `cat /var/run/secrets/postgres/restore-password`
SET client_min_messages = warning;
-- A failed statement would be logged with its password.
SET log_min_error_statement = panic;
SELECT format('CREATE ROLE %I LOGIN', name) FROM unnest(ARRAY['roster', 'roster_backup', 'roster_restore']) AS name
  WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec
ALTER ROLE roster PASSWORD :'password';
ALTER ROLE roster_backup PASSWORD :'backup';
ALTER ROLE roster_restore CREATEDB PASSWORD :'restore';
GRANT pg_read_all_data TO roster_backup;
GRANT roster TO roster_restore;
SELECT 'CREATE DATABASE roster OWNER roster ENCODING ''UTF8'' TEMPLATE template0'
  WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'roster') \gexec
-- Free bytes of the volume, for a restore, whose pod does not see it. Only a superuser may run a command: this one, in PGDATA.
CREATE OR REPLACE FUNCTION public.free_bytes() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  CREATE TEMPORARY TABLE volume (free_kib bigint) ON COMMIT DROP;
  COPY pg_temp.volume FROM PROGRAM 'df -Pk . | { read -r _; read -r _ _ _ free _; echo "$free"; }';
  RETURN (SELECT free_kib * 1024 FROM pg_temp.volume);
END
$$;
REVOKE ALL ON FUNCTION public.free_bytes() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.free_bytes() TO roster_restore;
SQL
pg_ctl stop --pgdata "$data" --silent --wait --mode fast
if [[ $data != "$PGDATA" ]]; then
  rm -rf "$PGDATA"
  mv "$data" "$PGDATA"
  sync
fi
