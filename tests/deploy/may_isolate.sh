#!/usr/bin/env bash
# Whether `make e2e` can run here: it needs root, namespaces and a mount.
set -euo pipefail
sudo=()
[[ $(id -u) -eq 0 ]] || sudo=(sudo -n)
"${sudo[@]}" unshare --mount --pid --net --uts --ipc --fork -- \
  sh -c 'mount -t tmpfs none /mnt && umount /mnt' > /dev/null 2>&1
