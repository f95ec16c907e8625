#!/usr/bin/env bash
# Unpacks a binary package of Debian for tests: fetch_program.sh PACKAGE FOLDER
#
# Does nothing if FOLDER exists. The package is unpacked and not installed, because installing a
# server's package also starts its service, now and at each boot. Its dependencies must already be
# installed.
set -euo pipefail

package=$1
folder=$(realpath -m "$2")
[[ -d $folder ]] && exit 0

mkdir -p "$(dirname "$folder")"
work=$(mktemp -d "$folder.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"
download() { apt-get download -qq -o APT::Sandbox::User=root "$package"; }
# The list of packages may be missing, or older than the mirror.
if ! download 2> /dev/null; then
  ${SUDO:-} apt-get update -qq && download || {
    echo "fetch $package: apt cannot get it; run \"apt-get update\" as root, look at what it says" \
      "and make again" >&2
    exit 1
  }
fi
dpkg-deb -x "$package"_*.deb "$work/unpacked"
mv -T "$work/unpacked" "$folder" 2> /dev/null || [[ -d $folder ]]
