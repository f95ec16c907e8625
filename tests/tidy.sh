#!/usr/bin/env bash
# clang-tidy on the connector's own sources. $1: a build folder made with clang.
set -euo pipefail
cd "$(dirname "$0")/.."
git ls-files 'common/*.cc' 'supervisor/*.cc' 'worker/*.cc' |
  xargs -P "$(nproc)" -n 4 clang-tidy-16 -p "$1" --quiet 2> >(grep -v 'warnings generated' >&2)
