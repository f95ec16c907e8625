#!/usr/bin/env bash
# Runs all fuzzers on their corpora, two at a time.
# $1: the build folder, $2: seconds for each. Fails if one of them has a finding. Findings and the
# fuzzers' output are kept in $1/fuzz/found.
set -euo pipefail
build="$1"
seconds="$2"
corpora="$(cd "$(dirname "$0")" && pwd)/corpus"

fuzz() {
  local name found
  name="$(basename "$1" _fuzz)"
  found="$build/fuzz/found/$name"
  mkdir -p "$found" "$corpora/$name"
  # libFuzzer writes new inputs to the first folder.
  if "$1" "$found" "$corpora/$name" -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=10 \
    -artifact_prefix="$found.finding-" -print_final_stats=1 >"$found.log" 2>&1; then
    echo "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$found.log") inputs," \
      "nothing found"
  else
    echo "$name: a finding; $found.log has the complete output"
    grep -E 'broken:|ERROR|SUMMARY|Test unit written' "$found.log" || tail -n 20 "$found.log"
    return 1
  fi
}
export -f fuzz
export build seconds corpora
printf '%s\n' "$build"/fuzz/*_fuzz | xargs -P 2 -I{} bash -c 'set -euo pipefail; fuzz {}'
