#!/usr/bin/env bash
# Makes sqlite3.c and sqlite3.h, SQLite in one file each, out of the source package of
# Debian 13: make_source.sh FOLDER
#
# Nothing is done where FOLDER is there. Where the package cannot be had, FOLDER says so
# and holds no source: the connector is then built with Debian 12's SQLite. Needs what
# fetch_source.sh needs, tclsh (SQLite calls it by that name as well) and a C compiler.
set -euo pipefail
cd "$(dirname "$0")/../../../.."

folder=$(realpath -m "$1")
if [[ -d $folder ]]; then
  [[ ! -e $folder/missing ]] || cat "$folder/missing"
  exit 0
fi
mkdir -p "$(dirname "$folder")"
work=$(mktemp -d "$folder.XXXXXX")
trap 'rm -rf "$work"' EXIT

mkdir "$work/made"
if deploy/packages/fetch_source.sh sqlite3 "$work/package" trixie; then
  # Its own makefile for when nothing has been configured; the parser, the keywords and
  # the opcodes are generated on the way.
  (cd "$work/made" && env -u MAKEFLAGS make -s -f "$work/package/main.mk" TOP="$work/package" BCC=cc \
    TCLSH_CMD=tclsh8.6 sqlite3.c > make.log 2>&1) || { cat "$work/made/make.log" >&2; exit 1; }
  mkdir "$work/source"
  cp "$work"/made/sqlite3.[ch] "$work/source"
else
  mkdir "$work/source"
  echo "SQLite is Debian 12's, since the source of Debian 13's could not be had. To try" \
    "again, delete $folder and build/work." | tee "$work/source/missing"
fi
# Another make may have been quicker.
mv -T "$work/source" "$folder" 2> /dev/null || [[ -d $folder ]]
