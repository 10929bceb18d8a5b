# fuzz.mk - fuzz targets: each fuzz_<target>.c is replayed over its seeds by the tests, and run by
# libFuzzer with `make fuzz`; included by the Makefile.
FUZZ_TARGETS := $(patsubst tests/fuzz/fuzz_%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
REPLAYS := $(FUZZ_TARGETS:%=$(BUILD)/tests/fuzz/replay_%)
FUZZERS := $(FUZZ_TARGETS:%=$(BUILD)/tests/fuzz/fuzz_%)
FLAGS.fuzz := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
SECONDS ?= 600

$(REPLAYS): $(BUILD)/tests/fuzz/replay_%: $(BUILD)/tests/fuzz/fuzz_%.o \
		$(BUILD)/tests/fuzz/replay.o $(LIB)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(FUZZERS): $(BUILD)/tests/fuzz/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(LIB)
	$(CC) $(CFLAGS) -fsanitize=fuzzer $(LDFLAGS) -o $@ $^ $(LDLIBS)

replays: $(REPLAYS)

fuzzers: $(FUZZERS)

fuzz: ## run every fuzz target for SECONDS (600) in all; finds go to build/fuzz
	@scripts/install-deps dev
	@$(MAKE) --no-print-directory -s MODE=fuzz CC=clang fuzzers
	@scripts/fuzz $(SECONDS) $(FUZZ_TARGETS)

.PHONY: replays fuzzers fuzz
