#!/usr/bin/env bash
# Unpacks a source package of Debian: fetch_source.sh PACKAGE FOLDER [SUITE]
#
# SUITE is another release of Debian than this machine's, such as trixie.
# Nothing is done where FOLDER is there. apt gets the package from the mirrors that this
# machine has its binary packages from, and checks it by their signatures; the machine's
# own configuration, lists and caches are only read. Needs dpkg-dev.
set -euo pipefail

package=$1
folder=$(realpath -m "$2")
suite=${3:-}
[[ -d $folder ]] && exit 0

fail() {
  echo "fetch source of $package: $1" >&2
  [[ -n $suite ]] || cat >&2 <<TEXT
  It has to be built from its source here, since Debian has no archive of it that would
  do. Either let apt reach a Debian mirror (run "apt-get update" as root and look at
  what it says) and make again, or bring ${package}_*.dsc with its files from elsewhere and
  unpack it with: dpkg-source -x ${package}_*.dsc $folder
TEXT
  exit 1
}

mkdir -p "$(dirname "$folder")"
work=$(mktemp -d "$folder.XXXXXX")
trap 'rm -rf "$work"' EXIT

sources() {
  apt-get indextargets --format 'deb-src $(REPO_URI) $(RELEASE) $(COMPONENT)' \
    'Created-By: Packages' 'Origin: Debian' | sort -u |
    # The same mirrors have it: trixie beside bookworm, trixie-security beside its own.
    if [[ -n $suite ]]; then
      sed -nE "s/^(deb-src [^ ]+) [a-z]+(-security)? main$/\1 $suite\2 main/p"
    else
      cat
    fi
}
sources > "$work/all.list"
if [[ ! -s $work/all.list ]]; then
  ${SUDO:-} apt-get update -qq || true
  sources > "$work/all.list"
fi
[[ -s $work/all.list ]] || fail "apt knows no mirror of Debian."

# The newest version that the archives in a list have, into $work/download. Without a
# sandbox, because apt's own user need not be able to write into this folder.
download_from() { # LIST
  local apt=(apt-get -qq -o Dir::Etc::SourceList="$1" -o Dir::Etc::SourceParts=/dev/null
    -o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache" -o APT::Sandbox::User=root)
  rm -rf "$work/lists" "$work/cache" "$work/download"
  mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/download"
  cd "$work/download"
  "${apt[@]}" update && "${apt[@]}" source --download-only "$package"
}

# A mirror may list sources that it does not have: then each archive by itself, whose
# version may be an older one.
if ! download_from "$work/all.list" 2> "$work/errors"; then
  got=
  for archive in $(cut -d ' ' -f 2 "$work/all.list" | uniq); do
    grep -F " $archive " "$work/all.list" > "$work/one.list"
    if download_from "$work/one.list" 2>> "$work/errors"; then got=$archive && break; fi
  done
  [[ $got ]] || { cat "$work/errors" >&2; fail "apt cannot get the source package${suite:+ of $suite}."; }
  echo "fetch source of $package: taken from $got, as not all archives could be reached" >&2
fi
dpkg-source -x "$work/download/$package"_*.dsc "$work/unpacked" > "$work/dpkg-source.log" 2>&1 ||
  { cat "$work/dpkg-source.log" >&2; fail "what apt has brought cannot be unpacked."; }
# Another make may have been quicker.
mv -T "$work/unpacked" "$folder" 2> /dev/null || [[ -d $folder ]]
