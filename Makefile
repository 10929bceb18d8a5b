# mptcpscope - offline analyzer of Multipath TCP captures.  `make help` lists the targets.
# MODE is release, debug, asan or tsan; every mode has its own tree below build/.
MODE ?= release
BUILD := build/$(MODE)
PKGS := libpcap libarchive glib-2.0 gio-2.0 sqlite3
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
DATADIR ?= $(PREFIX)/share
MANDIR ?= $(DATADIR)/man

FLAGS.release := -O2 -g
FLAGS.debug := -O0 -g3
FLAGS.asan := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
FLAGS.tsan := -O1 -g -fsanitize=thread -fno-omit-frame-pointer
ifneq ($(CI),)
WERROR := -Werror
endif

CFLAGS += -std=c11 -Wall -Wextra -Wshadow -Wconversion -Wmissing-prototypes $(WERROR) $(FLAGS.$(MODE))
# A descriptor leaves out what it does not use.
CFLAGS += -Wno-missing-field-initializers
CFLAGS += -ffile-prefix-map=$(CURDIR)=.
# _DEFAULT_SOURCE: pcap.h uses u_char.
CPPFLAGS += -Iinclude -Isrc -D_DEFAULT_SOURCE -DMPS_PLOTS_DIR='"$(DATADIR)/mptcpscope/plots"'
CPPFLAGS += $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
LDLIBS += $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lm

# Country and AS of addresses (study --geo); not in the program where libmaxminddb is not installed.
GEO := $(shell pkg-config --exists libmaxminddb 2>/dev/null && echo libmaxminddb)
ifneq ($(GEO),)
$(BUILD)/src/util/geo.o: CPPFLAGS += -DMPS_HAVE_MAXMINDDB $(shell pkg-config --cflags $(GEO))
LDLIBS += $(shell pkg-config --libs $(GEO))
endif
# Written when the answer is another than last time: the object is built again.
$(shell mkdir -p $(BUILD); echo "$(GEO)" | cmp -s - $(BUILD)/geo || echo "$(GEO)" >$(BUILD)/geo)

LIB := $(patsubst %.c,$(BUILD)/%.o,$(filter-out src/cli/main.c,$(sort $(wildcard src/*/*.c))))
TESTS := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(sort $(wildcard tests/unit/test_*.c)))

all: $(BUILD)/mptcpscope ## build the program (the default): build/release/mptcpscope

$(BUILD)/mptcpscope: $(BUILD)/src/cli/main.o $(LIB)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(LIB)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/src/util/geo.o: $(BUILD)/geo

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

include tests/gen/gen.mk
include tests/fuzz/fuzz.mk

# The packages have to be there before make asks pkg-config, so each target calls make again.
demo: ## install what is missing, build, analyze a real capture, make its page
	@scripts/install-deps demo
	@$(MAKE) --no-print-directory -s -j2 all
	@scripts/demo

check: ## install what is missing, build, run all tests (under 5 minutes)
	@scripts/install-deps check
	@$(MAKE) --no-print-directory -s -j2 all tests
	@$(MAKE) --no-print-directory -s -j2 MODE=asan all tests replays
	@$(MAKE) --no-print-directory -s prove

tests: $(TESTS) $(GENERATORS) $(BUILD)/tests/faults/fail_nth.so ## build the unit tests and generators

$(BUILD)/tests/faults/fail_nth.so: tests/faults/fail_nth.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -Wno-missing-prototypes -fPIC -shared -o $@ $< -ldl

unit: $(TESTS) ## build and run the unit tests alone
	prove $(TESTS)

# The sanitized tree runs the same unit tests (two long ones run there alone), and the fuzz targets
# over their seeds.  Those that wait or take long come first, beside the others; fresh
# delays are measured only where there is time to try again.
PROVED := tests/lab/test_live.sh $(if $(THOROUGH),tests/lab/test_depth.sh) tests/page/test_page.sh tests/truth/test_figures.sh \
	tests/truth/test_rules.sh tests/truth/test_tcptrace.sh \
	$(filter-out %/test_cuts %/test_views_plot,$(TESTS)) $(patsubst $(BUILD)/%,build/asan/%,$(TESTS)) \
	tests/fuzz/test_replay.sh tests/fuzz/test_mutate.sh \
	$(filter-out %/test_figures.sh %/test_rules.sh %/test_tcptrace.sh,$(sort $(wildcard tests/truth/test_*.sh))) tests/golden/test_golden.sh \
	tests/style/test_layers.sh tests/style/test_style.sh

prove: ## run all tests, already built
	prove -j3 $(PROVED)

tsan: generators $(BUILD)/tests/faults/fail_nth.so ## run the program's threads under ThreadSanitizer
	@$(MAKE) --no-print-directory -s MODE=tsan all
	MPTCPSCOPE=build/tsan/mptcpscope tests/truth/test_threads.sh

check-thorough: ## make check with all variants of all tests (a quarter of an hour)
	@THOROUGH=1 $(MAKE) --no-print-directory check

check-live: all ## make fresh captures with this machine's kernel and compare (needs root)
	scripts/check-live
	tests/lab/test_depth.sh

bench: all generators ## time against a bare libpcap loop, tcptrace and tshark
	scripts/bench

bench-growth: all generators ## time and memory against the length of the trace (BENCH_MOST cuts it short)
	scripts/bench growth

install: all ## install below PREFIX (/usr/local), DESTDIR honoured
	install -D -m 755 $(BUILD)/mptcpscope $(DESTDIR)$(BINDIR)/mptcpscope
	install -D -m 644 man/mptcpscope.1 $(DESTDIR)$(MANDIR)/man1/mptcpscope.1
	install -d $(DESTDIR)$(DATADIR)/mptcpscope/plots
	install -m 644 plots/* $(DESTDIR)$(DATADIR)/mptcpscope/plots

clean: ## remove what was built
	rm -rf build demo

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

.PHONY: all demo check check-thorough tests unit prove tsan check-live bench bench-growth install clean help
.SECONDARY:
