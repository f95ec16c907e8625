#!/usr/bin/env bash
# Syncs a SQLite database of the reader's own into a warehouse file, and compares the two.
# Run again, it goes on from where the last run's state is. $1: the folder with the
# connector and sync-tester, $2: the database, $3: the warehouse file.
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
# A state says what a warehouse holds.
[[ -e "$warehouse" ]] || rm -f "$warehouse.state"
source "$(dirname "$0")/with_connector.sh"

serve "$(dirname "$database")"
step "syncing $database into $warehouse"
sync "$(basename "$database")" "$warehouse"
step "does the warehouse hold what the source holds?"
compare "$database" "$warehouse"
