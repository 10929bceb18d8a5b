# gen.mk - the packet builder and the programs that write captures; included by the Makefile.
SUPPORT := $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard tests/support/*.c)))
GENERATORS := $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard tests/gen/*.c)))

$(TESTS): $(SUPPORT)

$(GENERATORS): $(BUILD)/tests/gen/%: $(BUILD)/tests/gen/%.o $(SUPPORT)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

generators: $(GENERATORS) ## build the capture generators and the bare libpcap reader

generate: $(BUILD)/tests/gen/gen_v0 ## rewrite the generated captures of testdata/gen
	$< testdata/gen

.PHONY: generators generate

# The cases of all rules are one program.
$(BUILD)/tests/unit/test_rules: $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard tests/rules/*.c)))
