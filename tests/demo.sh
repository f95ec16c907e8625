#!/usr/bin/env bash
# The whole path on a sample database: make it, sync it, change it, sync again, and
# check that warehouse and source agree. $1: the build folder, $2: the connector.
set -euo pipefail
readonly tester="$1/tests/sync-tester" sample="$1/tests/tributary-demo-source" connector="$2"
readonly port="${DEMO_PORT:-50551}"
readonly folder="$(mktemp -d)"
pid=

finish() {
  local code=$?
  if [[ -n "$pid" ]]; then
    kill -TERM "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  fi
  if ((code != 0)); then
    echo "the demo failed; the connector's last words:" >&2
    tail -n 20 "$folder/connector.log" >&2 || true
  fi
  rm -rf "$folder"
  exit "$code"
}
trap finish EXIT

step() { printf '\n== %s\n' "$*"; }

step "a sample database, as a real application's"
"$sample" --path "$folder/shop.db"

step "tributary serves on port $port"
"$connector" --port "$port" --sqlite-root "$folder" --staging-dir "$folder/staging" \
  >"$folder/connector.log" &
pid=$!
echo '{"source": "sqlite", "database_path": "shop.db"}' >"$folder/configuration.json"
for _ in $(seq 100); do
  grep -q serving "$folder/connector.log" && break
  kill -0 "$pid" || exit 1
  sleep 0.05
done

sync() {
  "$tester" --address "localhost:$port" --config "$folder/configuration.json" \
    --state "$folder/state.json" --warehouse "$folder/warehouse.db" "$@"
}

step "first sync, into a warehouse file"
sync

step "the application changes its database"
"$sample" --path "$folder/shop.db" --change

step "second sync"
sync --skip-setup

step "third sync, of a database that has not changed"
sync --skip-setup

step "does the warehouse hold what the source holds?"
"$tester" compare --warehouse "$folder/warehouse.db" --source "$folder/shop.db"
