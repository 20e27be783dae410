# Two commands do everything on a Debian 12 machine with Swift 6.2 or newer:
#   make run    installs what is missing, builds, and starts daemon, board, agent and a patrol feed with the sample district
#   make test   the whole suite
.PHONY: help run build test test-long test-release bench bench-peers proto clean packages packages-test packages-deb deb test-container

# A failure anywhere in a pipe fails the rule.
SHELL = /bin/bash
.SHELLFLAGS = -eu -o pipefail -c

# The release build is what runs; tests use the debug build, whose checks are on.
BUILD ?= release
BIN = .build/$(BUILD)

help:
	@sed -n '2,3s/^# *//p' Makefile
	@echo "  make test-long   the crash and power-loss tests at full length"
	@echo "  make test-release  the crash tests on the optimised programs in .build/release"
	@echo "  make bench       the benchmark, release build, one JSON object"
	@echo "  make bench-peers  ours and message brokers in turn, and the ratios (see Benchmarks/peers/README.md)"
	@echo "  make deb         Debian packages in .build/deb"
	@echo "  make test-container  the packages and units under a real systemd, as root"
	@echo "  make proto       Swift sources from proto/ (needs protoc and protoc-gen-swift)"
	@echo "  make clean       removes .build and ./var"

packages:
	@.ci/packages build

packages-test:
	@.ci/packages test

build: packages
	swift build -c $(BUILD) --product watchpostd
	swift build -c $(BUILD) --product watchpost

run: build
	@.ci/sample $(BIN)

# Warnings are errors here. The tests use real libzmq, real SQLite and the built programs on loopback; one at a time,
# because many wait for threads and processes of their own, and starve each other on a small machine.
test: export WATCHPOST_STRICT = 1
test: packages-test
	swift build --build-tests
	swift test --skip-build --no-parallel
	/usr/bin/python3 Tests/python/test_protocol.py --bin-dir .build/debug
	/usr/bin/python3 Tests/python/test_peers.py
	Tests/docs/check.sh
	Tests/systemd/verify.sh
	Tests/terminal/top.sh .build/debug
	/usr/bin/python3 Tests/browser/test_pages.py --bin-dir .build/debug
	Tests/http/schemathesis.sh .build/debug
	.build/debug/watchpost demo --json | tail -n 1

# The same crash and power-loss tests with their full counts (README says how long it takes).
test-long: export WATCHPOST_STRICT = 1
test-long: export WATCHPOST_LONG = 1
test-long: packages-test
	swift test --no-parallel --filter 'CrashTests|PowerLoss'

# The crash tests on what runs: the programs that `make build` or `make deb` made last (RELEASE_BIN=folder: others). It builds none
# itself, and fails where they are missing, or where a test did not say that these were what it killed.
RELEASE_BIN ?= $(CURDIR)/.build/release
test-release: export WATCHPOST_STRICT = 1
test-release: export WATCHPOST_BIN_DIR = $(RELEASE_BIN)
test-release: packages-test
	@for program in watchpostd watchpost; do test -x "$(RELEASE_BIN)/$$program" || \
	    { echo "$(RELEASE_BIN)/$$program is not there: make build" >&2; exit 1; }; done
	@newer=$$(find Sources Package.swift -type f \( -newer "$(RELEASE_BIN)/watchpost" -o -newer "$(RELEASE_BIN)/watchpostd" \) | head -1); \
	    test -z "$$newer" || { echo "$(RELEASE_BIN) is older than $$newer: make build" >&2; exit 1; }
	swift build --build-tests
	swift test --skip-build --no-parallel --filter 'CrashTests' 2>&1 | tee .build/test-release.log
	@test "$$(grep -cF '; the programs in $(RELEASE_BIN)' .build/test-release.log)" = 2 || \
	    { echo "the crash tests did not run on the programs in $(RELEASE_BIN)" >&2; exit 1; }

bench: build
	$(BIN)/watchpost bench throughput --json

bench-peers: build
	@.ci/packages peers
	/usr/bin/python3 Benchmarks/peers/run.py --bin-dir $(BIN) --strace --json .build/peers/peers.json

# protoc-gen-swift comes from the swift-protobuf package: swift build --package-path .build/checkouts/swift-protobuf
# --product protoc-gen-swift. The plugin would do the same on every clean build and take minutes.
proto:
	protoc --proto_path=proto --swift_opt=Visibility=Public --swift_opt=UseAccessLevelOnImports=true \
	    --swift_out=Sources/WatchpostProtobuf watchpost.proto journal.proto

packages-deb:
	@.ci/packages deb

# Static Swift runtime, so it is a build of its own beside that of `make run`.
deb: packages-deb
	.ci/deb/build

test-container: deb
	Tests/systemd/container.sh

clean:
	rm -rf .build var
