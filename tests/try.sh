#!/usr/bin/env bash
# Syncs a SQLite database of the reader into a warehouse file, and compares the two. Another run
# continues from the state of the last one. $1: the folder with the connector and sync-tester, $2:
# the database, $3: the warehouse file.
set -euo pipefail
if (($# != 3)); then
  echo "usage: try.sh FOLDER_OF_PROGRAMS DATABASE WAREHOUSE" >&2
  exit 4
fi
readonly release="$1"
if [[ ! -f "$2" ]]; then
  echo "try.sh: $2: there is no such file; name a SQLite database" >&2
  exit 4
fi
database="$(realpath "$2")"
warehouse="$(realpath "$3")"
readonly database warehouse
# A state is only valid for its warehouse, so it is removed if that is missing.
[[ -e "$warehouse" ]] || rm -f "$warehouse.state"
source "$(dirname "$0")/with_connector.sh"

serve "$(dirname "$database")"
step "syncing $database into $warehouse"
sync "$(basename "$database")" "$warehouse"
step "does the warehouse hold what the source holds?"
compare "$database" "$warehouse"
