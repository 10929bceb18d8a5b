# fuzz.mk - fuzz targets: each fuzz_<target>.c is replayed over its seeds by the tests, and run by
# libFuzzer with `make fuzz`; included by the Makefile.
FUZZ_TARGETS := $(patsubst tests/fuzz/fuzz_%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
REPLAYS := $(FUZZ_TARGETS:%=$(BUILD)/tests/fuzz/replay_%)
FUZZERS := $(FUZZ_TARGETS:%=$(BUILD)/tests/fuzz/fuzz_%)
FLAGS.fuzz := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
# The same targets for AFL++, whose compiler brings what -fsanitize=fuzzer links:
#   make MODE=afl CC=afl-clang-fast fuzzers
#   afl-fuzz -i testdata/fuzz/pcapng -o build/afl/pcapng build/afl/tests/fuzz/fuzz_pcapng
FLAGS.afl := -O1 -g
SECONDS ?= 600
VARIANTS ?= 10000
SEED ?= 1

$(REPLAYS): $(BUILD)/tests/fuzz/replay_%: $(BUILD)/tests/fuzz/fuzz_%.o \
		$(BUILD)/tests/fuzz/replay.o $(LIB)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(FUZZERS): $(BUILD)/tests/fuzz/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(LIB)
	$(CC) $(CFLAGS) -fsanitize=fuzzer $(LDFLAGS) -o $@ $^ $(LDLIBS)

# Damages whole captures, and asserts what fuzz_capture does.
$(BUILD)/tests/fuzz/mutate: $(BUILD)/tests/fuzz/mutate.o $(BUILD)/tests/fuzz/fuzz_capture.o $(LIB)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

replays: $(REPLAYS) $(BUILD)/tests/fuzz/mutate

fuzzers: $(FUZZERS)

fuzz: ## run every fuzz target for SECONDS (600) in all; finds go to build/fuzz
	@scripts/install-deps dev
	@$(MAKE) --no-print-directory -s MODE=fuzz CC=clang fuzzers
	@scripts/fuzz $(SECONDS) $(FUZZ_TARGETS)

mutate: ## run VARIANTS (10000) damaged captures through the sanitized program
	@$(MAKE) --no-print-directory -s MODE=asan replays
	@tests/fuzz/test_mutate.sh $(VARIANTS) $(SEED)

.PHONY: replays fuzzers fuzz mutate
