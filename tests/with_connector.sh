# Sourced by scripts that run syncs: `serve` starts a connector that runs until the script ends, and
# a folder that is removed then.
#
# The script that sources this sets $release, the folder with the connector and sync-tester.
readonly tester="$release/sync-tester"
folder="$(mktemp -d)"
readonly folder
pid=

finish() {
  local code=$?
  # Other processes that the script has started.
  if declare -F stop_others >/dev/null; then stop_others; fi
  if [[ -n "$pid" ]]; then
    kill -TERM "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  fi
  if ((code != 0)); then
    echo "this failed; the connector's last output:" >&2
    tail -n 20 "$folder/connector.log" >&2 || true
  fi
  rm -rf "$folder"
  exit "$code"
}
trap finish EXIT

step() { printf '\n== %s\n' "$*"; }

# $1: the folder of the databases. It listens on any free port.
serve() {
  "$release/tributary" --port 0 --sqlite-root "$1" --staging-dir "$folder/staging" \
    --log-format text >"$folder/connector.log" &
  pid=$!
  for _ in $(seq 400); do
    port="$(sed -n 's/.* serving .*port=\([0-9]*\).*/\1/p' "$folder/connector.log")"
    [[ -n "$port" ]] && return
    kill -0 "$pid" || exit 1
    sleep 0.05
  done
  echo "the connector does not serve" >&2
  exit 1
}

# $1: database_path. $2: the warehouse file; its state is kept in the same folder. Further arguments
# are for sync-tester.
sync() {
  local path="$1" into="$2"
  shift 2
  path="${path//\\/\\\\}"
  printf '{"source": "sqlite", "database_path": "%s"}\n' "${path//\"/\\\"}" \
    >"$folder/configuration.json"
  "$tester" --address "localhost:$port" --config "$folder/configuration.json" \
    --state "$into.state" --warehouse "$into" "$@"
}

# $1: the source's file. $2: the warehouse file.
compare() { "$tester" compare --warehouse "$2" --source "$1"; }
