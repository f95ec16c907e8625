#!/usr/bin/env bash
# Who may include whom. Each line of the table: a folder, and the folders whose headers its files
# may include in addition to their own. A trailing /* means all folders below. A folder that is not
# in the table may include nothing.
set -euo pipefail
cd "$(dirname "$0")/../.."

rules='
common
common/batch: common
common/ring: common
supervisor: common common/ring proto supervisor/* worker worker/sandbox worker/sources
supervisor/metrics: common
supervisor/status: common supervisor/metrics
supervisor/web: common supervisor/status
supervisor/request: common proto worker/sources
supervisor/checkpoint: common
supervisor/plan: common proto supervisor/checkpoint supervisor/request
supervisor/pool: common common/ring proto supervisor/metrics
supervisor/staging: common common/batch
supervisor/delivery: common supervisor/pool supervisor/staging
supervisor/digests: common proto supervisor/checkpoint supervisor/delivery supervisor/staging
supervisor/sync: common proto supervisor supervisor/checkpoint supervisor/delivery supervisor/digests supervisor/metrics supervisor/plan supervisor/pool supervisor/request supervisor/staging supervisor/status
worker: common common/ring proto worker/compare worker/encoder worker/sandbox worker/sources
worker/compare: common common/batch proto worker/encoder
worker/encoder: common common/batch common/ring proto
worker/network: common worker
worker/sandbox: common
worker/sources: common proto worker worker/encoder worker/sandbox worker/sources/*
worker/sources/postgresql: common proto worker worker/encoder worker/network worker/sandbox worker/sources
worker/sources/sqlite: common proto worker worker/encoder worker/sources worker/sources/sqlite/amalgamation
'

git ls-files 'common/*' 'supervisor/*' 'worker/*' | grep -E '\.(cc|h)$' | while read -r file; do
  sed -nE 's/^#include "([a-z_/]+)\/[^"]+".*/\1/p' "$file" | sed "s|^|$file |"
done | awk -v rules="$rules" '
  BEGIN {
    count = split(rules, lines, "\n")
    for (i = 1; i <= count; ++i) {
      if (split(lines[i], parts, ":") == 0) continue
      known[parts[1]] = 1
      words = split(parts[2], may, " ")
      for (j = 1; j <= words; ++j) {
        if (may[j] ~ /\/\*$/) wide[parts[1]] = wide[parts[1]] " " substr(may[j], 1, length(may[j]) - 1)
        else allowed[parts[1], may[j]] = 1
      }
    }
  }
  {
    folder = $1; sub(/\/[^\/]*$/, "", folder)
    if ($2 == folder || $2 ~ /^(absl|leveldb|google|grpcpp|gtest)(\/|$)/) next
    if ((folder, $2) in allowed) next
    prefixes = split(wide[folder], prefix, " ")
    for (i = 1; i <= prefixes; ++i) if (index($2 "/", prefix[i]) == 1) next
    print $1 ": may not include " $2 "; see tests/lint/includes.sh"
    bad = 1
  }
  END { exit bad }
'
