#!/usr/bin/env bash
# Runs every fuzzer over its kept corpus. $1: the build folder, $2: seconds for each.
set -euo pipefail
corpora="$(cd "$(dirname "$0")" && pwd)/corpus"
for fuzzer in "$1"/fuzz/*_fuzz; do
  name="$(basename "$fuzzer" _fuzz)"
  found="$1/fuzz/found/$name"
  mkdir -p "$found" "$corpora/$name"
  echo "fuzzing $name for $2 s"
  # New inputs go to the build folder; crashes end the run.
  "$fuzzer" "$found" "$corpora/$name" -max_total_time="$2" -rss_limit_mb=4096 -timeout=10 \
    -artifact_prefix="$found/crash-" -print_final_stats=1 2>&1 |
    grep -E 'ERROR|SUMMARY|number_of_executed_units|Test unit written' || true
  test "${PIPESTATUS[0]}" -eq 0
done
