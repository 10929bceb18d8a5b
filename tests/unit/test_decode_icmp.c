/* test_decode_icmp.c - ICMP and ICMPv6 errors about TCP, byte by byte. */
#include <string.h>

#include <glib.h>

#include "decode/decode.h"

enum { LINKTYPE_RAW = 101 };

#define IP4(total, protocol, a, b)                                                                 \
    0x45, 0, 0, total, 0, 1, 0, 0, 64, protocol, 0, 0, 10, 0, 0, a, 10, 0, 0, b
#define IP6(payload, next, a, b)                                                                   \
    0x60, 0, 0, 0, 0, payload, next, 64, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, a, 0xfd,  \
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, b
#define TCP8 0x9c, 0x40, 0x13, 0x89, 0x11, 0x22, 0x33, 0x44 /* 40000 -> 5001, seq 0x11223344 */

typedef struct {
    const char *name;
    uint8_t bytes[96];
    uint32_t n_bytes;
    bool is_error;
    uint8_t type, code, family;
} Case;

static const Case cases[] = {
    {"administratively prohibited, eight bytes quoted",
     {IP4(56, 1, 9, 2), 3, 13, 0, 0, 0, 0, 0, 0, IP4(60, 6, 2, 1), TCP8},
     56,
     true,
     3,
     13,
     4},
    {"time exceeded",
     {IP4(56, 1, 9, 2), 11, 0, 0, 0, 0, 0, 0, 0, IP4(60, 6, 2, 1), TCP8},
     56,
     true,
     11,
     0,
     4},
    {"ICMPv6 no route",
     {IP6(56, 58, 9, 2), 1, 0, 0, 0, 0, 0, 0, 0, IP6(40, 6, 2, 1), TCP8},
     96,
     true,
     1,
     0,
     6},
    {"echo request", {IP4(56, 1, 9, 2), 8, 0, 0, 0, 0, 0, 0, 0, IP4(60, 6, 2, 1), TCP8}, 56},
    {"about UDP", {IP4(56, 1, 9, 2), 3, 3, 0, 0, 0, 0, 0, 0, IP4(60, 17, 2, 1), TCP8}, 56},
    {"quotes an ICMP error",
     {IP4(56, 1, 9, 2), 3, 3, 0, 0, 0, 0, 0, 0, IP4(60, 1, 2, 1), TCP8},
     56},
    {"cut in the quoted ports",
     {IP4(56, 1, 9, 2), 3, 13, 0, 0, 0, 0, 0, 0, IP4(60, 6, 2, 1), TCP8},
     50},
    {"cut in the quoted address",
     {IP4(56, 1, 9, 2), 3, 13, 0, 0, 0, 0, 0, 0, IP4(60, 6, 2, 1), TCP8},
     44},
    {"cut in the ICMP header",
     {IP4(56, 1, 9, 2), 3, 13, 0, 0, 0, 0, 0, 0, IP4(60, 6, 2, 1), TCP8},
     22},
};

static void test_case(gconstpointer data)
{
    const Case *c = data;
    g_autofree uint8_t *own = g_memdup2(c->bytes, c->n_bytes);
    const MpsPacket packet = {.ts_ns = 7,
                              .number = 3,
                              .capture_id = 1,
                              .link_type = LINKTYPE_RAW,
                              .wire_bytes = 96,
                              .captured_bytes = c->n_bytes,
                              .bytes = own};
    MpsSegment segment;
    MpsIcmpError icmp;
    const bool is_error = mps_decode_packet(&packet, &segment) == MPS_DECODED_ICMP &&
                          mps_decode_icmp_error(&packet, &icmp);

    g_assert_cmpint(is_error, ==, c->is_error);
    if (!is_error)
        return;
    g_assert_cmpint(icmp.type, ==, c->type);
    g_assert_cmpint(icmp.code, ==, c->code);
    g_assert_cmpint(icmp.router.family, ==, c->family);
    g_assert_cmpint(icmp.router.bytes[c->family == 4 ? 3 : 15], ==, 9);
    g_assert_cmpint(icmp.src.address.bytes[c->family == 4 ? 3 : 15], ==, 2);
    g_assert_cmpint(icmp.dst.address.bytes[c->family == 4 ? 3 : 15], ==, 1);
    g_assert_cmpint(icmp.src.port, ==, 40000);
    g_assert_cmpint(icmp.dst.port, ==, 5001);
    g_assert_cmphex(icmp.seq, ==, 0x11223344);
    g_assert_cmpint(icmp.ts_ns, ==, 7);
    g_assert_cmpuint(icmp.packet, ==, 3);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/icmp/", cases[i].name, NULL);

        g_test_add_data_func(path, &cases[i], test_case);
    }
    return g_test_run();
}
