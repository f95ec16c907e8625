#!/usr/bin/env bash
# Builds libpq as archives from Debian's source package: build.sh FOLDER [JOBS]
#
# FOLDER/lib and FOLDER/include are what is linked; nothing is done where they are there.
# Debian's own libpq.a cannot be linked by itself: it needs Kerberos, LDAP and more, and
# the archives of its helpers that Debian has are not those that it was made with.
set -euo pipefail
cd "$(dirname "$0")/../../../.."

folder=$(realpath -m "$1")
jobs=${2:-$(nproc)}
[[ -e $folder/lib/libpq.a ]] && exit 0

deploy/packages/fetch_source.sh postgresql-15 "$folder/source"

work=$(mktemp -d "$folder/build.XXXXXX")
trap 'rm -rf "$work"' EXIT
log=$work/log
quietly() { "$@" >> "$log" 2>&1 || { tail -n 30 "$log" >&2; exit 1; }; }

export CC="gcc"
command -v ccache > /dev/null && CC="ccache gcc"
cd "$work"
# Everything that would look for a service, a home folder's file or a library of the
# machine is left out; TLS is kept.
quietly "$folder/source/configure" --with-ssl=openssl --without-readline --without-zlib \
  --without-icu --without-gssapi --without-ldap --without-systemd CFLAGS="-O2 -g1"
# Of the server's generated headers those that its client shares; the rest needs bison.
export NO_GENERATED_HEADERS=yes
quietly make -C src/backend/catalog distprep generated-header-symlinks
quietly make -C src/backend/utils distprep generated-header-symlinks
quietly make -j "$jobs" -C src/port libpgport_shlib.a
quietly make -j "$jobs" -C src/common libpgcommon_shlib.a
# Not with what it would make first: the same archives for the server.
quietly make -j "$jobs" -C src/interfaces/libpq -o submake-libpgport libpq.a

mkdir "$work/lib" "$work/include"
cp src/port/libpgport_shlib.a src/common/libpgcommon_shlib.a "$work/lib"
cp "$folder/source"/src/interfaces/libpq/libpq-fe.h "$folder/source"/src/include/postgres_ext.h \
  src/include/pg_config_ext.h "$work/include"
cp src/interfaces/libpq/libpq.a "$work/lib"
rm -rf "$folder/include" "$folder/lib"
mv -T "$work/include" "$folder/include"
mv -T "$work/lib" "$folder/lib"
