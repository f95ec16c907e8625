#!/usr/bin/env bash
# Builds gRPC, protobuf, Abseil and LevelDB with ThreadSanitizer, from Debian's source packages:
# build_packages.sh FOLDER [JOBS]. The archives are put into FOLDER/lib, with the names of Debian's
# own archives, whose headers match them.
#
# ThreadSanitizer has to see every access that orders two threads. If a library's atomics are
# compiled without it, each value that passes through the library is reported as a race; and
# protobuf's maps have a different layout with it.
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
# As a cross-compilation, the build uses Debian's plugin instead of building its own; the library
# that the plugin would need is never linked.
build grpc grpc++_reflection -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR="$(uname -m)" \
  -DgRPC_{ABSL,CARES,PROTOBUF,RE2,SSL,ZLIB}_PROVIDER=package -DgRPC_INSTALL=OFF \
  -DProtobuf_PROTOC_LIBRARY=unused -DgRPC_BUILD_TESTS=OFF -DgRPC_BACKWARDS_COMPATIBILITY_MODE=OFF \
  -DgRPC_BUILD_GRPC_{CPP,CSHARP,NODE,OBJECTIVE_C,PHP,PYTHON,RUBY}_PLUGIN=OFF
touch "$folder/complete"
