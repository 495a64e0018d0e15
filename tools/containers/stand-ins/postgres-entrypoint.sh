#!/bin/bash
# What the image of PostgreSQL does at a start, as far as docker-compose.yml relies on it.
set -euo pipefail
# Root reads the password: the file's owner is another user.
if [ -n "${POSTGRES_PASSWORD_FILE:-}" ]; then
  POSTGRES_PASSWORD=$(<"$POSTGRES_PASSWORD_FILE")
  export POSTGRES_PASSWORD
  unset POSTGRES_PASSWORD_FILE
fi
if [ "$(id -u)" = 0 ]; then
  install --directory --owner postgres --group postgres --mode 0700 "$PGDATA"
  exec setpriv --reuid postgres --regid postgres --init-groups "$0" "$@"
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  # shellcheck disable=SC2086 # The arguments are words.
  initdb --username="$POSTGRES_USER" --pwfile=<(echo "$POSTGRES_PASSWORD") ${POSTGRES_INITDB_ARGS:-}
  echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
  # The first server answers on its socket only: a health check there would pass too early.
  pg_ctl --options="-c listen_addresses= -c unix_socket_directories=/run/postgresql" --wait start
  PGHOST=/run/postgresql PGPASSWORD="$POSTGRES_PASSWORD" createdb --username="$POSTGRES_USER" --maintenance-db=postgres "$POSTGRES_DB"
  pg_ctl --mode=fast --wait stop
fi
exec "$@" -c listen_addresses='*' -c unix_socket_directories=/run/postgresql
