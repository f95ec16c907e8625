#!/usr/bin/env bash
# Installs Debian's PostgreSQL for tests, which start their own servers: without the cluster that
# its package makes, starts now and starts at each boot. Does nothing if it is installed, or if
# $TRIBUTARY_POSTGRESQL_BIN names another one.
set -euo pipefail

package=postgresql-15
[[ ${TRIBUTARY_POSTGRESQL_BIN:-} ]] && exit 0
dpkg-query -W -f='${Status}' $package 2> /dev/null | grep -q 'ok installed' && exit 0

install() {
  DEBIAN_FRONTEND=noninteractive ${SUDO:-} apt-get install -y -qq --no-install-recommends "$1"
}
${SUDO:-} apt-get update -qq
install postgresql-common
defaults=/etc/postgresql-common/createcluster.conf
${SUDO:-} sed -i '$a create_main_cluster = false # for the tests of tributary' $defaults
trap "${SUDO:-} sed -i '/# for the tests of tributary\$/d' $defaults" EXIT
install $package
