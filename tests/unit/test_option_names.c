/* test_option_names.c - specifications of --name-option, and values by their types. */
#include <string.h>

#include <glib.h>

#include "util/option_names.h"

static const struct {
    const char *spec, *problem; /* NULL: a good one */
} specs[] = {
    {"mptcp:0xf:0x0001=Subflow Rate Limit,u16:kbit/s", NULL},
    {"mptcp:15=Experiment", NULL},
    {"mptcp:9:0x01=One,u8", NULL},
    {"mptcp:0xf:0x000001=Behind a reserved byte", NULL},
    {"tcp:253:0xf989=Test,pad,u24,i16:°C,hex", NULL},
    {"tcp:254:0x00000001=Wide,u64", NULL},
    {"tcp:28=User Timeout,u16", NULL},
    {"tcp:0x4d=No value", NULL},
    {"tcp:77=Grüße = mehr,ipv4,ipv6", NULL},
    {"", "no '='"},
    {"mptcp:0xf", "no '='"},
    {"=x", "has to stand before"},
    {"mptcp=x", "has to stand before"},
    {"mptcp:0xf:0x0001:2=x", "has to stand before"},
    {"udp:1=x", "neither"},
    {"mptcp:16=x", "up to 0xf"},
    {"mptcp:=x", "up to 0xf"},
    {"mptcp:f=x", "up to 0xf"},
    {"mptcp:-1=x", "up to 0xf"},
    {"mptcp:0x2=x", "RFC 8684"},
    {"mptcp:8=x", "RFC 8684"},
    {"tcp:256=x", "up to 255"},
    {"tcp:0x=x", "up to 255"},
    {"tcp:30=x", "mptcp:SUBTYPE"},
    {"tcp:0=x", "decoded anyway"},
    {"tcp:8=x", "decoded anyway"},
    {"tcp:253:=x", "two hex digits"},
    {"tcp:253:0x=x", "two hex digits"},
    {"tcp:253:1=x", "two hex digits"},
    {"tcp:253:0x1=x", "two hex digits"},
    {"tcp:253:0x0000000001=x", "two hex digits"},
    {"tcp:253:0x00g1=x", "two hex digits"},
    {"tcp:253:0x+001=x", "two hex digits"},
    {"tcp:253=", "name is empty"},
    {"tcp:253=,u8", "name is empty"},
    {"tcp:253=a\"b", "quote"},
    {"tcp:253=a\\b", "quote"},
    {"tcp:253=a\nb", "quote"},
    {"tcp:253=12345678901234567890123456789012345678901234567890123456789012345", "longer"},
    {"tcp:253=a,u8:\"", "quote"},
    {"tcp:253=a,u8:", "unit is empty"},
    {"tcp:253=a,", "no type ''"},
    {"tcp:253=a,u12", "no type 'u12'"},
    {"tcp:253=a,hex,u8", "nothing can follow"},
    {"tcp:253=a,hex:B", "no unit"},
    {"tcp:253=a,ipv4:x", "no unit"},
    {"tcp:253=a,u8,u8,u8,u8,u8,u8,u8,u8,u8,u8,u8,u8,u8,u8,u8,u8,u8", "more than 16"},
    {"tcp:253=a\xff", "UTF-8"},
};

static void test_specs(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(specs); i++) {
        g_autoptr(MpsOptionNames) names = mps_option_names_new();
        g_autoptr(GError) error = NULL;
        const bool good = mps_option_names_add(names, specs[i].spec, &error);

        g_test_message("%s", error ? error->message : specs[i].spec);
        g_assert_cmpint(good, ==, specs[i].problem == NULL);
        g_assert_cmpuint(mps_option_names_count(names), ==, good);
        if (good) {
            g_assert_cmpstr(mps_option_names_spec(names, 0), ==, specs[i].spec);
        } else {
            g_assert_error(error, MPS_ERROR, MPS_ERROR_USAGE);
            g_assert_nonnull(strstr(error->message, specs[i].problem));
        }
    }
}

static void test_twice(void)
{
    g_autoptr(MpsOptionNames) names = mps_option_names_new();
    g_autoptr(GError) error = NULL;

    g_assert_true(mps_option_names_add(names, "tcp:253:0x0001=a", NULL));
    g_assert_true(mps_option_names_add(names, "tcp:253:0x01=a", NULL));
    g_assert_true(mps_option_names_add(names, "tcp:253=a", NULL));
    g_assert_false(mps_option_names_add(names, "tcp:0xfd:0x0001=b,u8", &error));
    g_assert_nonnull(strstr(error->message, "a name already"));
}

/* The option of @kind with @hex behind its length byte; "!" at the end: cut by the capture. */
static MpsSegment segment_of(uint8_t kind, const char *hex)
{
    MpsSegment segment = {.n_opaque = 1};
    MpsOpaqueOption *option = &segment.opaque[0];

    option->kind = kind;
    option->status = MPS_OPT_OK;
    for (; g_ascii_isxdigit(*hex); hex += 2)
        option->bytes[option->n_bytes++] =
            (uint8_t)(g_ascii_xdigit_value(hex[0]) << 4 | g_ascii_xdigit_value(hex[1]));
    if (*hex == '!')
        option->status = MPS_OPT_TRUNCATED;
    option->length = (uint8_t)(option->n_bytes + 2 + (*hex == '!'));
    option->subtype = kind == MPS_KIND_MPTCP ? option->bytes[0] >> 4 : 0;
    return segment;
}

static const struct {
    const char *spec;
    uint8_t kind;
    const char *bytes, *id, *value; /* value NULL: the name does not apply */
} values[] = {
    {"mptcp:0xf:0x0001=x,u16:kbit/s", 30, "f0000105dc", "0x0001", "1500 kbit/s"},
    {"mptcp:0xf:0x0001=x,u16:kbit/s", 30, "f700010000", "0x0001", "0 kbit/s"},
    {"mptcp:0xf:0x0001=x,u16:kbit/s", 30, "f0000205dc", "0x0002", NULL},
    {"mptcp:0xf:0x0001=x,u16:kbit/s", 30, "e0000105dc", NULL, NULL},
    {"mptcp:0xf:0x0001=x,u16", 253, "f0000105dc", "0xf000", NULL},
    {"mptcp:0xf:0x0001=x,u16", 30, "f0000105", "0x0001", "1 byte where the types take 2: 0x05"},
    {"mptcp:0xf:0x0001=x,u16", 30, "f00001", "0x0001", "0 bytes where the types take 2"},
    {"mptcp:0xf:0x0001=x,u16", 30, "f000010506!", "0x0001", "cut by the capture"},
    {"mptcp:0xf:0x0001=x,u16", 30, "f000!", NULL, NULL},
    {"mptcp:0xf:0x0001=x,u16", 30, "f0", NULL, NULL},
    {"mptcp:0xf=x,u32", 30, "f000010203", NULL, "66051"},
    {"mptcp:0xa:0x2a=x", 30, "a02a", "0x2a", ""},
    {"mptcp:0xa:0x2a=x", 30, "a02a07", "0x2a", "0x07"},
    {"tcp:253:0xf989=x,u8,i8,i16:K", 253, "f98901ffff9c", "0xf989", "1, -1, -100 K"},
    {"tcp:253:0xf989=x,pad,u24,pad", 253, "f989ff01000000", "0xf989", "65536"},
    {"tcp:253:0xf989=x,pad", 253, "f98900", "0xf989", ""},
    {"tcp:77=x,u64,i64", 77, "ffffffffffffffff8000000000000000", NULL,
     "18446744073709551615, -9223372036854775808"},
    {"tcp:77=x,ipv4,ipv6", 77, "c000020120010db8000000000000000000000001", NULL,
     "192.0.2.1, 2001:db8::1"},
    {"tcp:77=x,u8,hex", 77, "0102030405", NULL, "1, 0x02030405"},
    {"tcp:77=x,u8,hex", 77, "", NULL, "0 bytes where the types take 1"},
    {"tcp:77=x,hex", 77,
     "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425", NULL,
     "0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425"},
    {"tcp:77=x", 77, "", NULL, ""},
};

static void test_values(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
        g_autoptr(MpsOptionNames) names = mps_option_names_new();
        g_autoptr(GString) value = g_string_new(NULL);
        MpsSegment segment = segment_of(values[i].kind, values[i].bytes);
        const MpsOpaqueOption *option = &segment.opaque[0];
        char id[MPS_OPAQUE_ID_TEXT];

        g_test_message("%s %s", values[i].spec, values[i].bytes);
        g_assert_true(mps_option_names_add(names, values[i].spec, NULL));
        mps_option_names_apply(names, &segment);
        g_assert_cmpstr(mps_opaque_name(option), ==, values[i].value ? "x" : NULL);

        const MpsOpaqueIdentity identity = mps_opaque_identity(option);

        g_assert_cmpstr(mps_opaque_id_text(&identity, id), ==, values[i].id);
        mps_opaque_value(value, option);
        if (values[i].value)
            g_assert_cmpstr(value->str, ==, values[i].value);
    }
}

/* Of two names that match, the one with the longer id, in whatever order they were given. */
static void test_longest_id(void)
{
    static const char *const orders[][3] = {
        {"tcp:253=short", "tcp:253:0x01=long", "tcp:253:0x0102=longest"},
        {"tcp:253:0x0102=longest", "tcp:253:0x01=long", "tcp:253=short"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(orders); i++) {
        g_autoptr(MpsOptionNames) names = mps_option_names_new();
        MpsSegment longest = segment_of(253, "0102"), middle = segment_of(253, "01");

        for (size_t j = 0; j < G_N_ELEMENTS(orders[i]); j++)
            g_assert_true(mps_option_names_add(names, orders[i][j], NULL));
        mps_option_names_apply(names, &longest);
        mps_option_names_apply(names, &middle);
        g_assert_cmpstr(mps_opaque_name(&longest.opaque[0]), ==, "longest");
        g_assert_cmpstr(mps_opaque_name(&middle.opaque[0]), ==, "long");
    }
}

/* What IANA has a name for is not told, unless the user has one, too. */
static void test_told(void)
{
    g_autoptr(MpsOptionNames) names = mps_option_names_new();
    MpsSegment timeout = segment_of(28, "801e"), md5 = segment_of(19, ""),
               unknown = segment_of(77, ""), experiment = segment_of(30, "f0");

    g_assert_true(mps_option_names_add(names, "tcp:28=x,u16", NULL));
    g_assert_false(mps_opaque_is_told(&timeout.opaque[0]));
    g_assert_false(mps_opaque_is_told(&md5.opaque[0]));
    g_assert_true(mps_opaque_is_told(&unknown.opaque[0]));
    g_assert_true(mps_opaque_is_told(&experiment.opaque[0]));
    mps_option_names_apply(names, &timeout);
    g_assert_true(mps_opaque_is_told(&timeout.opaque[0]));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    g_test_add_func("/option names/specs", test_specs);
    g_test_add_func("/option names/twice", test_twice);
    g_test_add_func("/option names/values", test_values);
    g_test_add_func("/option names/longest id", test_longest_id);
    g_test_add_func("/option names/told", test_told);
    return g_test_run();
}
