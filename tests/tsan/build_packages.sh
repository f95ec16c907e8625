#!/usr/bin/env bash
# Builds gRPC, protobuf, Abseil and LevelDB with ThreadSanitizer, from Debian's source
# packages: build_packages.sh FOLDER [JOBS]. Their archives end up in FOLDER/lib, under
# the names of Debian's own, whose headers they fit.
#
# ThreadSanitizer has to see every access that orders two threads. Where a library's
# atomics are not compiled with it, each value that passes through the library counts as
# a race; and protobuf lays its maps out differently under it.
set -euo pipefail
cd "$(dirname "$0")/../.."

folder=$(realpath -m "$1")
jobs=${2:-$(nproc)}
[[ -e $folder/complete ]] && exit 0

flags="-fsanitize=thread -O1 -g1 -w"
build() { # PACKAGE TARGET OPTION...
  local package=$1 target=$2
  shift 2
  deploy/packages/fetch_source.sh "$package" "$folder/source/$package"
  cmake -S "$folder/source/$package" -B "$folder/$package" -G Ninja -Wno-dev \
    --log-level=WARNING -DCMAKE_BUILD_TYPE=None -DBUILD_SHARED_LIBS=OFF \
    -DCMAKE_C_FLAGS="$flags" -DCMAKE_CXX_FLAGS="$flags" -DCMAKE_CXX_STANDARD=17 \
    -DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache "$@"
  cmake --build "$folder/$package" -j "$jobs" --target "$target"
  find "$folder/$package" -name '*.a' -exec cp {} "$folder/lib" \;
}

mkdir -p "$folder/lib"
build abseil all -DBUILD_TESTING=OFF
build protobuf libprotobuf -Dprotobuf_BUILD_TESTS=OFF -Dprotobuf_BUILD_PROTOC_BINARIES=OFF
build leveldb leveldb -DLEVELDB_BUILD_TESTS=OFF -DLEVELDB_BUILD_BENCHMARKS=OFF
# Taken for a cross-compilation, it uses Debian's plugin instead of building its own; the
# library that the plugin would need is never linked.
build grpc grpc++_reflection -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR="$(uname -m)" \
  -DgRPC_{ABSL,CARES,PROTOBUF,RE2,SSL,ZLIB}_PROVIDER=package -DgRPC_INSTALL=OFF \
  -DProtobuf_PROTOC_LIBRARY=unused -DgRPC_BUILD_TESTS=OFF -DgRPC_BACKWARDS_COMPATIBILITY_MODE=OFF \
  -DgRPC_BUILD_GRPC_{CPP,CSHARP,NODE,OBJECTIVE_C,PHP,PYTHON,RUBY}_PLUGIN=OFF
touch "$folder/complete"
