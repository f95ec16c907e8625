#!/usr/bin/env bash
# Runs what `make try` runs, as a reader does: with a database whose name needs quoting; again after
# a change; and with wrong names. $1: the folder with the programs, $2: try.sh.
set -euo pipefail
readonly programs="$1" try="$2"
work="$(mktemp -d)"
readonly work
trap 'rm -rf "$work"' EXIT
readonly database="$work/my \"own\" \\ shop.db" warehouse="$work/warehouse.db"

expect() { # $1: what is wanted, $2: in which text
  if ! grep -qF "$1" <<<"$2"; then
    printf 'this is missing: %s\nin:\n%s\n' "$1" "$2" >&2
    exit 1
  fi
}

sqlite3 "$database" "CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT);
  INSERT INTO t VALUES(1, 'a'), (2, 'b'), (3, 'c');"
expect "3 rows in 1 tables: warehouse and source agree" "$("$try" "$programs" "$database" "$warehouse")"
sqlite3 "$database" "INSERT INTO t VALUES(4, 'd'); DELETE FROM t WHERE id = 1;"
expect "3 rows in 1 tables: warehouse and source agree" "$("$try" "$programs" "$database" "$warehouse")"
# If the warehouse was removed, a new one is made, whatever the state says.
rm "$warehouse"
expect "3 rows in 1 tables: warehouse and source agree" "$("$try" "$programs" "$database" "$warehouse")"

if said="$("$try" "$programs" "$work/missing.db" "$warehouse" 2>&1)"; then
  echo "a missing database is not reported as an error" >&2
  exit 1
fi
expect "there is no such file" "$said"
echo "no database" >"$work/text.db"
if said="$("$try" "$programs" "$work/text.db" "$work/other.db" 2>&1)"; then
  echo "a text file is accepted as a database" >&2
  exit 1
fi
expect "it is not a SQLite 3 database" "$said"
