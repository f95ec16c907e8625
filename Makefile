# tributary: `make demo`, `make try` and `make test` each work as the first command on a fresh
# Debian 12 machine with git and make. Everything else they install themselves.

SHELL := /bin/bash
JOBS ?= $(shell nproc)
BUILD := build/work
CONFIGURE = cmake -S . -G Ninja
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)

BUILD_PACKAGES := g++ cmake ninja-build pkg-config ccache dpkg-dev \
  libgrpc++-dev libgrpc-dev protobuf-compiler protobuf-compiler-grpc libprotobuf-dev \
  libboost-dev libleveldb-dev libsnappy-dev libxxhash-dev libabsl-dev libssl-dev liblz4-dev zlib1g-dev \
  libsqlite3-dev tcl nlohmann-json3-dev libcli11-dev libseccomp-dev libgtest-dev libgmock-dev
TEST_PACKAGES := sqlite3 procps iproute2 faketime openssl util-linux libevent-2.1-7 libc-ares2
DEPLOY_TEST_PACKAGES := python3 python3-yaml python3-kubernetes
E2E_PACKAGES := chromium debootstrap buildah iproute2 systemd binutils python3-grpcio python3-seccomp
LINT_PACKAGES := clang-16 clang-format-16 clang-tidy-16
FUZZ_PACKAGES := clang-16 libclang-rt-16-dev

# Quick when all is there: $(call install,packages), $(test_dependencies).
define install
@missing=$$(for p in $(1); do \
    dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || echo $$p; done); \
  if [ -n "$$missing" ]; then \
    $(SUDO) apt-get update -qq && \
    DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq --no-install-recommends $$missing; \
  fi
endef
define test_dependencies
$(call install,$(TEST_PACKAGES))
@SUDO='$(SUDO)' tests/metrics/fetch_program.sh prometheus build/prometheus
@SUDO='$(SUDO)' tests/process/install_postgresql.sh
@SUDO='$(SUDO)' tests/metrics/fetch_program.sh pgbouncer build/pgbouncer
$(call install,$(DEPLOY_TEST_PACKAGES))
@SUDO='$(SUDO)' tests/metrics/fetch_program.sh kubernetes-client build/kubernetes-client
endef

.PHONY: build_dependencies build_connector build_tests demo demo-postgres try test e2e package bench soak fuzz asan tsan \
  debug format lint tidy deploy-files test-tables clean

build_dependencies:
	$(call install,$(BUILD_PACKAGES))
	@SUDO='$(SUDO)' deploy/packages/fetch_source.sh prometheus-cpp build/prometheus-cpp
	@SUDO='$(SUDO)' worker/sources/postgresql/libpq/build.sh build/libpq $(JOBS)
	@SUDO='$(SUDO)' worker/sources/sqlite/amalgamation/make_source.sh build/sqlite

$(BUILD)/build.ninja: | build_dependencies
	$(CONFIGURE) -B $(BUILD) -DCMAKE_BUILD_TYPE=Release -DTRIBUTARY_OUTPUT_DIR=$(CURDIR)/build/Release

build_connector: $(BUILD)/build.ninja
	cmake --build $(BUILD) -j $(JOBS) --target tributary

build_tests: $(BUILD)/build.ninja
	$(test_dependencies)
	cmake --build $(BUILD) -j $(JOBS)

demo: build_dependencies $(BUILD)/build.ninja
	cmake --build $(BUILD) -j $(JOBS) --target tributary sync-tester tributary-demo-source
	tests/demo.sh build/Release $(BUILD)/tests/tributary-demo-source

demo-postgres: build_dependencies $(BUILD)/build.ninja
	$(call install,sqlite3)
	@SUDO='$(SUDO)' tests/process/install_postgresql.sh
	cmake --build $(BUILD) -j $(JOBS) --target tributary sync-tester
	tests/demo_postgres.sh build/Release

# A database of your own: make try DATABASE=/data/shop.db
WAREHOUSE ?= warehouse.db
try: build_dependencies $(BUILD)/build.ninja
	$(if $(DATABASE),,$(error name your SQLite database: make try DATABASE=/data/shop.db))
	cmake --build $(BUILD) -j $(JOBS) --target tributary sync-tester
	tests/try.sh build/Release "$(DATABASE)" "$(WAREHOUSE)"

test: build_tests
	ctest --test-dir $(BUILD) -j $(JOBS) --output-on-failure -LE e2e

# What is deployed, with the real things: image and pod, package, Alertmanager, a browser. As root.
e2e: build_tests
	$(call install,$(E2E_PACKAGES))
	@SUDO='$(SUDO)' tests/metrics/fetch_program.sh prometheus-alertmanager build/prometheus-alertmanager
	$(SUDO) ctest --test-dir $(BUILD) -j $(JOBS) --output-on-failure -L e2e

package: build_connector
	cpack --config $(BUILD)/CPackConfig.cmake -B build/package
	cp build/package/tributary_*.deb build

bench: build_tests
	$(BUILD)/bench/tributary-bench $(if $(CASE),--case $(CASE))

# The crash loop and PostgreSQL's chaos with thousands of kills, and a tenth as many rounds of
# comparisons: make soak KILLS=5000
KILLS ?= 2000
soak: build_tests
	TRIBUTARY_CRASH_KILLS=$(KILLS) $(BUILD)/tests/crash_loop_test
	TRIBUTARY_CHAOS_KILLS=$(KILLS) $(BUILD)/tests/postgresql_chaos_test
	for engine in sqlite postgresql; do TRIBUTARY_COMPARING_ROUNDS=$$(($(KILLS) / 10)) \
	  $(BUILD)/tests/$${engine}_comparison_life_test || exit 1; done

# The connector for a debugger, in build/debug/bin; tests/README.md says how to use it.
debug: build_dependencies
	$(CONFIGURE) -B build/debug -DCMAKE_BUILD_TYPE=Debug -DTRIBUTARY_DEBUGGER=ON
	cmake --build build/debug -j $(JOBS) --target tributary sync-tester

FUZZ_SECONDS ?= 60
fuzz: build_dependencies
	$(call install,$(FUZZ_PACKAGES))
	$(CONFIGURE) -B build/fuzz -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_C_COMPILER=clang-16 \
	  -DCMAKE_CXX_COMPILER=clang++-16 -DTRIBUTARY_SANITIZE=address -DTRIBUTARY_FUZZ=ON
	cmake --build build/fuzz -j $(JOBS) --target fuzzers
	tests/fuzz/run.sh build/fuzz $(FUZZ_SECONDS)

# Of the memory that AddressSanitizer keeps from being used again, little, for the tests that
# bound a process's memory.
asan: export ASAN_OPTIONS = quarantine_size_mb=16
asan: export LSAN_OPTIONS = suppressions=$(CURDIR)/tests/leaks.supp:print_suppressions=0
asan: build_dependencies
	$(test_dependencies)
	$(CONFIGURE) -B build/asan -DCMAKE_BUILD_TYPE=RelWithDebInfo -DTRIBUTARY_SANITIZE=address
	cmake --build build/asan -j $(JOBS)
	ctest --test-dir build/asan -j $(JOBS) --output-on-failure -LE e2e

# gRPC, protobuf, Abseil and LevelDB are built with ThreadSanitizer first.
tsan: export TSAN_OPTIONS = halt_on_error=1:suppressions=$(CURDIR)/tests/races.supp
tsan: build_dependencies
	$(test_dependencies)
	SUDO='$(SUDO)' tests/tsan/build_packages.sh build/tsan-packages $(JOBS)
	$(CONFIGURE) -B build/tsan -DCMAKE_BUILD_TYPE=RelWithDebInfo -DTRIBUTARY_SANITIZE=thread \
	  -DCMAKE_LIBRARY_PATH=$(CURDIR)/build/tsan-packages/lib
	cmake --build build/tsan -j $(JOBS)
	ctest --test-dir build/tsan -j $(JOBS) --output-on-failure -LE e2e

# What is made of other files in deploy/; tests hold that it was.
deploy-files:
	$(call install,$(DEPLOY_TEST_PACKAGES))
	/usr/bin/python3 tests/deploy/write_prometheus_rule.py
	/usr/bin/python3 tests/deploy/write_faults.py

# Which tests prove which promise, with the figures of the last `make test`.
test-tables:
	$(call install,$(DEPLOY_TEST_PACKAGES))
	/usr/bin/python3 -B tests/promises/write_promises.py $(BUILD)/results

SOURCES = $(shell git ls-files '*.cc' '*.h' '*.proto')

format:
	$(call install,$(LINT_PACKAGES))
	clang-format-16 -i $(SOURCES)

# Formatting, who includes whom, that each header compiles alone, and clang's warnings as
# errors on everything.
lint: build_dependencies
	$(call install,$(LINT_PACKAGES))
	clang-format-16 --dry-run --Werror $(SOURCES)
	tests/lint/includes.sh
	$(CONFIGURE) -B build/clang -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_COMPILER=clang-16 \
	  -DCMAKE_CXX_COMPILER=clang++-16 -DTRIBUTARY_WARNINGS_ARE_ERRORS=ON
	cd build/clang && ninja -j $(JOBS) \
	  $$(ninja -t targets all | sed -n 's/^\(.*\.o\): CXX_COMPILER.*/\1/p')

# clang-tidy on what .clang-tidy names.
tidy: lint
	tests/tidy.sh build/clang

clean:
	rm -rf build
