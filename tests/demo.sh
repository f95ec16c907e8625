#!/usr/bin/env bash
# All steps with a sample database: make it, sync it, change it, sync again, and check that
# warehouse and source agree. $1: the folder with the connector and sync-tester, $2: the program
# that makes the database.
set -euo pipefail
readonly release="$1" sample="$2"
source "$(dirname "$0")/with_connector.sh"

step "a sample database like a real application's"
"$sample" --path "$folder/shop.db"

step "tributary serves it"
serve "$folder"

step "first sync, into a warehouse file"
sync shop.db "$folder/warehouse.db"

step "the application changes its database"
"$sample" --path "$folder/shop.db" --change

step "second sync: rows of pages that have changed are compared with those that were sent"
sync shop.db "$folder/warehouse.db" --skip-setup
# The connector's log of its last sync.
sed -n 's/.* reading ends .* rows=\([0-9]*\) rows_compared=\([0-9]*\) .*/\2 rows were compared, \1 were sent/p' \
  "$folder/connector.log" | tail -n 1

step "third sync, of a database that has not changed"
sync shop.db "$folder/warehouse.db" --skip-setup

step "does the warehouse hold what the source holds?"
compare "$folder/shop.db" "$folder/warehouse.db"
