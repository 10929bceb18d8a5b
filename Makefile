# mptcpscope - offline analyzer of Multipath TCP captures.  `make help` lists the targets.
# MODE is release, debug or asan; every mode has its own tree below build/.
MODE ?= release
BUILD := build/$(MODE)
PKGS := libpcap glib-2.0 gio-2.0 sqlite3

FLAGS.release := -O2 -g
FLAGS.debug := -O0 -g3
FLAGS.asan := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
ifneq ($(CI),)
WERROR := -Werror
endif

CFLAGS += -std=c11 -Wall -Wextra -Wshadow -Wconversion -Wmissing-prototypes $(WERROR) $(FLAGS.$(MODE))
# A descriptor leaves out what it does not use.
CFLAGS += -Wno-missing-field-initializers
CFLAGS += -ffile-prefix-map=$(CURDIR)=.
# _DEFAULT_SOURCE: pcap.h uses u_char.
CPPFLAGS += -Iinclude -Isrc -D_DEFAULT_SOURCE $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
LDLIBS += $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lm

LIB := $(patsubst %.c,$(BUILD)/%.o,$(filter-out src/cli/main.c,$(sort $(wildcard src/*/*.c))))
TESTS := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(sort $(wildcard tests/unit/test_*.c)))

all: $(BUILD)/mptcpscope ## build the program (default)

$(BUILD)/mptcpscope: $(BUILD)/src/cli/main.o $(LIB)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(LIB)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

include tests/gen/gen.mk

unit: $(TESTS) ## build and run the unit tests
	prove $(TESTS) :: --tap

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

.PHONY: all unit
.SECONDARY:
