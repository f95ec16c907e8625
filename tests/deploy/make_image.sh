#!/usr/bin/env bash
# Builds deploy/Containerfile with the executable that is built here, on a base that make_base.sh
# made, and unpacks it: make_image.sh EXECUTABLE FOLDER. FOLDER/root is then the image's file
# system, FOLDER/config.json its configuration from buildah, FOLDER/bytes its compressed size, as in
# a registry. As root; without a daemon.
set -euo pipefail
cd "$(dirname "$0")/../.."
executable=$1
folder=$(realpath -m "$2")

tests/deploy/make_base.sh build/debian-base
mkdir -p build/image
strip -o build/image/tributary "$executable"

# Its own storage; chroot isolation works where containers cannot be started.
buildah() {
  command buildah --root "$PWD/build/containers/storage" --runroot "$PWD/build/containers/run" \
    --storage-driver vfs "$@"
}
base=localhost/debian:12-slim
if ! buildah inspect --type image $base > /dev/null 2>&1; then
  scratch=$(buildah from scratch)
  buildah add -q "$scratch" build/debian-base / > /dev/null
  buildah commit -q --rm "$scratch" $base > /dev/null
fi
buildah bud -q --isolation chroot --pull-never --build-arg BASE=$base \
  --build-arg PREBUILT=build/image/tributary -t tributary:tested -f deploy/Containerfile . > /dev/null

rm -rf "$folder.new"
mkdir -p "$folder.new"
buildah inspect --type image tributary:tested > "$folder.new/config.json"
buildah push -q tributary:tested "oci:$folder.new/layers"
du -bs "$folder.new/layers" | cut -f 1 > "$folder.new/bytes"
rm -rf "$folder.new/layers"
container=$(buildah from --pull-never tributary:tested)
cp -a "$(buildah mount "$container")" "$folder.new/root"
buildah rm "$container" > /dev/null
# Removes layers of earlier builds that no image uses.
buildah rmi --prune > /dev/null 2>&1 || true
rm -rf "$folder"
mv -T "$folder.new" "$folder"
