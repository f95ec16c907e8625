#!/usr/bin/env bash
# All steps with a temporary PostgreSQL server: a copy while an application writes, a sync of the
# changes, a kill and its recovery, and a comparison of warehouse and source. $1: the folder with
# the connector and sync-tester.
set -euo pipefail
readonly release="$1"
source "$(dirname "$0")/with_connector.sh"
bin="${TRIBUTARY_POSTGRESQL_BIN:-$(ls -d /usr/lib/postgresql/*/bin | tail -n 1)}"
readonly bin port_of_server=54329 data="$folder/server"
application=

as_server() {
  if (($(id -u) == 0)); then runuser -u postgres -- "$@"; else "$@"; fi
}
stop_others() {
  [[ -n "$application" ]] && kill "$application" 2>/dev/null || true
  as_server "$bin/pg_ctl" -D "$data" -m immediate stop >/dev/null 2>&1 || true
}
run_sql() {
  "$bin/psql" -h 127.0.0.1 -p "$port_of_server" -U postgres -d postgres -qAtX \
    -v ON_ERROR_STOP=1 -c "$1"
}

step "a PostgreSQL server of its own"
chmod 755 "$folder"
mkdir "$data"
(($(id -u) == 0)) && chown postgres "$data"
as_server "$bin/initdb" -D "$data" -U postgres -A trust >/dev/null
as_server "$bin/pg_ctl" -D "$data" -w -l "$data/log" -o "-p $port_of_server -c wal_level=logical \
  -c unix_socket_directories= -c fsync=off" start >/dev/null
run_sql "
  CREATE TABLE orders (id bigint PRIMARY KEY, customer int, amount numeric(12,2), note text);
  INSERT INTO orders SELECT i, i % 5000, i / 7.0, repeat(md5(i::text), 4)
    FROM generate_series(1, 1000000) i;
  CREATE TABLE customers (id int PRIMARY KEY, name text, since timestamptz);
  INSERT INTO customers SELECT i, 'customer ' || i, now() FROM generate_series(1, 5000) i"
run_sql "SELECT version()"

step "tributary serves it"
serve "$folder"
cat >"$folder/configuration.json" <<END
{"source": "postgresql", "host": "127.0.0.1", "port": "$port_of_server", "database": "postgres",
 "user": "postgres", "password": "", "sslmode": "disable"}
END
follow() {
  "$tester" --address "localhost:$port" --config "$folder/configuration.json" \
    --state "$folder/state.json" --warehouse "$folder/warehouse.db" "$@"
}

# Writes like an application, some hundred transactions per second.
write() {
  local i
  for ((i = 1; ; ++i)); do
    cat <<END
BEGIN; UPDATE orders SET amount = amount + 1 WHERE id = 1 + ($i * 7919) % 1000000;
INSERT INTO orders VALUES (2000000 + $i, $i % 5000, 1, 'new'); COMMIT;
DELETE FROM orders WHERE id = 1 + ($i * 104729) % 1000000; SELECT pg_sleep(0.002);
END
  done | "$bin/psql" -h 127.0.0.1 -p "$port_of_server" -U postgres -d postgres -qAtX >/dev/null 2>&1
}
write &
application=$!

step "first sync: the copy of 1,000,000 rows, while an application writes"
follow

step "a sync of the changes since then"
follow --skip-setup

step "the supervisor is killed in the middle of a sync"
run_sql "UPDATE orders SET note = 'marked' WHERE id % 10 = 0"
follow --skip-setup >"$folder/killed.log" 2>&1 &
killed=$!
sleep 1.5
kill -KILL "$pid"
wait "$killed" || tail -n 2 "$folder/killed.log"

step "it starts again; the sync goes on from the last state that the client has saved"
serve "$folder"
follow --skip-setup

step "the application stops; one more sync sends the rest"
pkill -P "$application" || true
kill "$application" 2>/dev/null || true
wait "$application" 2>/dev/null || true
application=
follow --skip-setup

step "does the warehouse hold what the source holds?"
# $1: the table. $2 and $3: its columns in the source and in the warehouse.
agree() {
  run_sql "COPY (SELECT $2 FROM $1 ORDER BY id) TO STDOUT (FORMAT csv)" >"$folder/source.csv"
  sqlite3 -csv "$folder/warehouse.db" \
    "SELECT $3 FROM \"public.$1\" WHERE NOT _fivetran_deleted ORDER BY id" |
    tr -d '\r"' >"$folder/warehouse.csv"
  cmp "$folder/source.csv" "$folder/warehouse.csv"
  echo "$1: $(wc -l <"$folder/source.csv") rows agree"
}
agree orders "id, customer, amount, note" "id, customer, printf('%.2f', amount), note"
agree customers "id, name" "id, name"
