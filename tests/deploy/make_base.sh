#!/usr/bin/env bash
# Makes a replacement for docker.io/library/debian:12-slim if no registry can be reached:
# make_base.sh FOLDER. Uses debootstrap with the mirror from which apt gets its packages, and leaves
# out what debian:12-slim leaves out. Does nothing if FOLDER exists. As root.
set -euo pipefail

folder=$(realpath -m "$1")
[[ -d $folder ]] && exit 0

mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Codename: bookworm' \
  'Component: main' | head -n 1)
mkdir -p "$(dirname "$folder")"
work=$(mktemp -d "$folder.XXXXXX")
trap 'rm -rf "$work"' EXIT
debootstrap --variant=minbase bookworm "$work/root" "${mirror:-http://deb.debian.org/debian}" \
  > "$work/log" 2>&1 || { tail -n 20 "$work/log" >&2; exit 1; }
cd "$work/root"
rm -rf var/cache/apt/*.bin var/cache/apt/archives/*.deb var/lib/apt/lists/* var/log/*.log \
  usr/share/info usr/share/lintian
find usr/share/doc usr/share/man usr/share/locale -type f ! -name copyright -delete
mkdir -p var/lib/apt/lists/partial
# As in Debian's images: a layer is kept completely or not at all.
echo force-unsafe-io > etc/dpkg/dpkg.cfg.d/docker-apt-speedup
mv -T "$work/root" "$folder" 2> /dev/null || [[ -d $folder ]]
