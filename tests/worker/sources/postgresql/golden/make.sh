#!/usr/bin/env bash
# Makes all golden files again with a temporary server, which only listens on a socket in a
# temporary folder. $1: the folder of the server's programs.
set -euo pipefail
programs="${1:-/usr/lib/postgresql/15/bin}"
cd "$(dirname "$0")"
folder="$(mktemp -d)"
as_server=()
if [ "$(id -u)" = 0 ]; then
  chown postgres "$folder"
  as_server=(runuser -u postgres --)
fi
stop() {
  "${as_server[@]}" "$programs/pg_ctl" -D "$folder/data" -m immediate stop >"$folder/stop.log" || true
  rm -rf "$folder"
}
trap stop EXIT
"${as_server[@]}" "$programs/initdb" -D "$folder/data" -U postgres --auth=trust -E UTF8 --locale=C.UTF-8 >/dev/null
"${as_server[@]}" "$programs/pg_ctl" -D "$folder/data" -w -l "$folder/log" start >/dev/null -o \
  "-c listen_addresses='' -c unix_socket_directories='$folder' -c wal_level=logical -c fsync=off"
export PGOPTIONS="-c client_min_messages=warning"
sql() { "$programs/psql" -h "$folder" -U postgres -d "${database:-golden}" -X -q -At -v ON_ERROR_STOP=1 "$@"; }

database=postgres sql -c 'CREATE DATABASE golden'
sql -f types.sql >/dev/null
sql -c "COPY ($(grep -v '^--' facts.sql)) TO STDOUT" >facts.txt
sql -f columns.sql -c "COPY (SELECT attname, atttypid, atttypmod, format_type(atttypid, atttypmod)
  FROM pg_attribute WHERE attrelid = 'every_type'::regclass AND attnum > 0 ORDER BY attnum) TO STDOUT" >columns.txt
sql -f rows.sql -c "COPY rows TO STDOUT (FORMAT binary)" >rows.copy
sql -f log.sql >/dev/null
sql -c "COPY (SELECT lsn, encode(data, 'hex') FROM pg_logical_slot_peek_binary_changes('s', NULL, NULL,
  'proto_version', '1', 'publication_names', 'p', 'binary', 'true', 'messages', 'true')) TO STDOUT" >log.txt
sql -f values.sql >/dev/null
sql -c "COPY (SELECT oid, type, bytes, txt, json FROM results ORDER BY n) TO STDOUT" >values.txt
