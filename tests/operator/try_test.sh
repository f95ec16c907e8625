#!/usr/bin/env bash
# What `make try` runs, as a reader runs it: a database of one's own, with a name that needs
# quoting; again after a change; and names that are wrong. $1: the folder with the programs,
# $2: try.sh.
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
# A warehouse that was thrown away is made anew, whatever its state says.
rm "$warehouse"
expect "3 rows in 1 tables: warehouse and source agree" "$("$try" "$programs" "$database" "$warehouse")"

if said="$("$try" "$programs" "$work/missing.db" "$warehouse" 2>&1)"; then
  echo "a database that is not there is no error" >&2
  exit 1
fi
expect "there is no such file" "$said"
echo "no database" >"$work/text.db"
if said="$("$try" "$programs" "$work/text.db" "$work/other.db" 2>&1)"; then
  echo "a text is taken for a database" >&2
  exit 1
fi
expect "it is not a SQLite 3 database" "$said"
