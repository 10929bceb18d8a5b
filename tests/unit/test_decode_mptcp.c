/* test_decode_mptcp.c - every form of every MPTCP option: right, cut, and one byte short or long.
 * Byte strings of real connections keep their keys and HMACs. */
#include <string.h>

#include <glib.h>

#include "decode/decode.h"

/* "1e04 0181" to bytes; returns how many. */
static size_t from_hex(const char *hex, uint8_t *out)
{
    size_t n = 0;

    for (; *hex; hex += 2) {
        while (*hex == ' ')
            hex++;
        out[n++] = (uint8_t)(g_ascii_xdigit_value(hex[0]) << 4 | g_ascii_xdigit_value(hex[1]));
    }
    return n;
}

/* Decodes from a block of its own, so that a sanitizer sees any overread. */
static MpsOptionStatus decode(const uint8_t *bytes, size_t n_bytes, MpsMptcpOption *out)
{
    g_autofree uint8_t *own = g_memdup2(bytes, n_bytes);

    memset(out, 0xaa, sizeof *out);

    const MpsOptionStatus status = mps_mptcp_decode(own, n_bytes, out);

    g_assert_cmpuint(status, ==, out->status);
    return status;
}

static MpsMptcpOption decode_ok(const char *hex)
{
    MpsMptcpOption option;
    uint8_t bytes[64];

    g_assert_cmpuint(decode(bytes, from_hex(hex, bytes), &option), ==, MPS_OPT_OK);
    return option;
}

typedef struct {
    const char *name;
    const char *hex;
} Form;

/* One of each form; all of them must decode, and no cut of one may. */
static const Form forms[] = {
    {"capable-syn-v1", "1e04 0181"},
    {"capable-synack", "1e0c 0181 0b31a610eb87d8da"},
    {"capable-ack", "1e14 0181 fb314264ac63127f 0b31a610eb87d8da"},
    {"capable-data", "1e16 0181 fb314264ac63127f 0b31a610eb87d8da 0005"},
    {"capable-data-checksum", "1e18 0181 fb314264ac63127f 0b31a610eb87d8da 0005 e7bc"},
    {"capable-unknown-version", "1e04 0701"},
    {"join-syn", "1e0c 1002 74a5bfcc 8ec58548"},
    {"join-synack", "1e10 1103 ab48ec25fbc8e959 3b151924"},
    {"join-ack", "1e18 1000 d132ef6a934e737b8de60852d13a21ba27312252"},
    {"dss-nothing", "1e04 2000"},
    {"dss-ack32", "1e08 2001 df79185a"},
    {"dss-ack64", "1e0c 2003 06988371df79185a"},
    {"dss-map32", "1e0e 2004 b1712fb6 00000001 0001"},
    {"dss-map32-checksum", "1e10 2004 b1712fb6 00000001 0001 9e91"},
    {"dss-map64", "1e12 200c 06988371df79185a 00000006 0005"},
    {"dss-map64-checksum", "1e14 200c 06988371df79185a 00000006 0005 e7b2"},
    {"dss-ack32-map32", "1e12 2005 cc47b2a2 df79185a 00000006 0005"},
    {"dss-ack32-map32-checksum", "1e14 2005 cc47b2a2 df79185a 00000006 0005 e7b2"},
    {"dss-ack64-map32", "1e16 2007 70f7bd85cc47b2a2 df79185a 00000006 0005"},
    {"dss-ack64-map32-checksum", "1e18 2007 70f7bd85cc47b2a2 df79185a 00000006 0005 e7b2"},
    {"dss-ack32-map64", "1e16 200d cc47b2a2 06988371df79185a 00000006 0005"},
    {"dss-ack32-map64-checksum", "1e18 200d cc47b2a2 06988371df79185a 00000006 0005 e7b2"},
    {"dss-ack64-map64", "1e1a 200f 06988371df79185f 70f7bd85cc47b2a2 00000001 0007"},
    {"dss-ack64-map64-checksum", "1e1c 200f 06988371df79185f 70f7bd85cc47b2a2 00000001 0007 85f6"},
    {"dss-m-and-a-alone", "1e04 200a"},
    {"add-v1-ip4", "1e10 3005 c0000201 236b94088a7a319b"},
    {"add-v1-ip4-port", "1e12 3005 c0000201 1f90 b1c79ffeec64e5ce"},
    {"add-v1-ip6", "1e1c 3006 20010db8000000000000000000000001 d6c11d297bd1d065"},
    {"add-v1-ip6-port", "1e1e 3006 20010db8000000000000000000000001 1f90 c187c1ac5c693309"},
    {"add-v1-echo-ip4", "1e08 3105 c0000201"},
    {"add-v1-echo-ip4-port", "1e0a 3105 c0000201 1f90"},
    {"add-v1-echo-ip6", "1e14 3106 20010db8000000000000000000000001"},
    {"add-v1-echo-ip6-port", "1e16 3106 20010db8000000000000000000000001 1f90"},
    {"add-v0-ip4", "1e08 3405 c0000201"},
    {"add-v0-ip4-port", "1e0a 3405 c0000201 1f90"},
    {"add-v0-ip6", "1e14 3606 20010db8000000000000000000000001"},
    {"add-v0-ip6-port", "1e16 3606 20010db8000000000000000000000001 1f90"},
    {"remove-one", "1e04 4007"},
    {"remove-three", "1e06 4007 0809"},
    {"prio-v1", "1e03 51"},
    {"prio-v0", "1e04 5102"},
    {"fail", "1e0c 6000 06988371df79185a"},
    {"fastclose", "1e0c 7000 0b31a610eb87d8da"},
    {"tcprst", "1e04 8103"},
    {"unassigned-short", "1e03 90"},
    {"unassigned-long", "1e08 e000 01020304"},
    {"experimental", "1e05 f000 01"},
};

static void test_form(gconstpointer data)
{
    const Form *form = data;
    uint8_t bytes[64] = {0};
    const size_t n_bytes = from_hex(form->hex, bytes);
    MpsMptcpOption option;

    g_assert_cmpuint(n_bytes, ==, bytes[1]); /* the table itself */
    g_assert_cmpuint(decode(bytes, n_bytes, &option), ==, MPS_OPT_OK);
    g_assert_cmpuint(option.subtype, ==, bytes[2] >> 4);
    g_assert_cmpuint(option.length, ==, n_bytes);
    g_assert_cmphex(option.byte2, ==, bytes[2]);
    g_assert_cmphex(option.byte3, ==, n_bytes > 3 ? bytes[3] : 0);
    g_assert_cmpuint(decode(bytes, n_bytes + 8, &option), ==, MPS_OPT_OK); /* others follow */

    for (size_t cut = 1; cut < n_bytes; cut++) {
        g_assert_cmpuint(decode(bytes, cut, &option), ==, MPS_OPT_TRUNCATED);
        g_assert_cmpuint(option.length, ==, cut > 1 ? n_bytes : 0);
        g_assert_cmpuint(option.subtype, ==, cut > 2 ? bytes[2] >> 4 : MPS_MP_EXPERIMENTAL);
        g_assert_cmphex(option.byte3, ==, cut > 3 ? bytes[3] : 0);
        g_assert_cmphex(option.dss.dsn | option.capable.sender_key, ==, 0);
    }
}

/* For each byte 2 and flags byte 3 that matters: the lengths that are right, all others are not. */
static const struct {
    const char *name;
    uint8_t byte2, byte3;
    uint8_t lengths[8];
} lengths[] = {
    {"capable", 0x01, 0x81, {4, 12, 20, 22, 24}},
    {"capable-v0", 0x00, 0x81, {4, 12, 20, 22, 24}},
    {"join", 0x10, 0, {12, 16, 24}},
    {"dss-0", 0x20, 0x00, {4}},
    {"dss-a", 0x20, 0x02, {4}},
    {"dss-A", 0x20, 0x01, {8}},
    {"dss-Aa", 0x20, 0x03, {12}},
    {"dss-m", 0x20, 0x08, {4}},
    {"dss-M", 0x20, 0x04, {14, 16}},
    {"dss-Mm", 0x20, 0x0c, {18, 20}},
    {"dss-AM", 0x20, 0x05, {18, 20}},
    {"dss-AaM", 0x20, 0x07, {22, 24}},
    {"dss-AMm", 0x20, 0x0d, {22, 24}},
    {"dss-AaMm", 0x20, 0x0f, {26, 28}},
    {"dss-F", 0x20, 0x10, {4}},
    {"dss-reserved", 0x2f, 0xe1, {8}},
    {"add-v1", 0x30, 1, {16, 18, 28, 30}},
    {"add-v1-reserved", 0x3e, 1, {16, 18, 28, 30}},
    {"add-v1-echo", 0x31, 1, {8, 10, 20, 22}},
    {"add-4", 0x34, 1, {8, 10, 16, 18, 28, 30}}, /* v0, or v1 with a reserved bit */
    {"add-6", 0x36, 1, {20, 22, 16, 18, 28, 30}},
    {"prio", 0x51, 0, {3, 4}},
    {"fail", 0x60, 0, {12}},
    {"fastclose", 0x70, 0, {12}},
    {"tcprst", 0x80, 0, {4}},
};

static void test_lengths(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(lengths); i++)
        for (uint8_t length = 0; length <= 40; length++) {
            const uint8_t bytes[40] = {30, length, lengths[i].byte2, lengths[i].byte3};
            const bool right = length > 0 && memchr(lengths[i].lengths, length, 8);
            MpsMptcpOption option;

            if (decode(bytes, sizeof bytes, &option) != (right ? MPS_OPT_OK : MPS_OPT_MALFORMED)) {
                g_test_message("%s: length %u is %s", lengths[i].name, length,
                               right ? "right" : "wrong");
                g_test_fail();
            }
            g_assert_cmpuint(option.length, ==, length);
            g_assert_cmphex(option.byte2, ==, length == 2 ? 0 : lengths[i].byte2);
        }
    for (uint8_t length = 2; length <= 40; length++) {
        const uint8_t remove[40] = {30, length, 0x40}, unassigned[40] = {30, length, 0x90};
        MpsMptcpOption option;

        g_assert_cmpuint(decode(remove, 40, &option) == MPS_OPT_OK, ==, length >= 4);
        g_assert_cmpuint(decode(unassigned, 40, &option) == MPS_OPT_OK, ==, length >= 3);
    }
}

static void test_capable(void)
{
    MpsMptcpOption o = decode_ok("1e18 0181 fb314264ac63127f 0b31a610eb87d8da 0005 e7bc");

    g_assert_cmpuint(o.capable.version, ==, 1);
    g_assert_cmphex(o.capable.flags, ==, 0x81);
    g_assert_true(o.capable.has_sender_key && o.capable.has_receiver_key);
    g_assert_true(o.capable.has_data_length && o.capable.has_checksum);
    g_assert_cmphex(o.capable.sender_key, ==, 0xfb314264ac63127f);
    g_assert_cmphex(o.capable.receiver_key, ==, 0x0b31a610eb87d8da);
    g_assert_cmpuint(o.capable.data_bytes, ==, 5);
    g_assert_cmphex(o.capable.checksum, ==, 0xe7bc);

    o = decode_ok("1e0c 0001 ca2f07947b1bfd2b");
    g_assert_cmpuint(o.capable.version, ==, 0);
    g_assert_true(o.capable.has_sender_key && !o.capable.has_receiver_key);
    g_assert_cmphex(o.capable.sender_key, ==, 0xca2f07947b1bfd2b);

    o = decode_ok("1e04 0181");
    g_assert_false(o.capable.has_sender_key || o.capable.has_data_length);
    o = decode_ok("1e16 0101 fb314264ac63127f 0b31a610eb87d8da 0102");
    g_assert_true(o.capable.has_data_length && !o.capable.has_checksum);
    g_assert_cmpuint(o.capable.data_bytes, ==, 0x102);
}

static void test_join(void)
{
    static const uint8_t synack_hmac[] = {0xab, 0x48, 0xec, 0x25, 0xfb, 0xc8, 0xe9, 0x59};
    MpsMptcpOption o = decode_ok("1e0c 1102 74a5bfcc 8ec58548");

    g_assert_cmpint(o.join.form, ==, MPS_JOIN_SYN);
    g_assert_true(o.join.backup);
    g_assert_cmpuint(o.join.address_id, ==, 2);
    g_assert_cmphex(o.join.token, ==, 0x74a5bfcc);
    g_assert_cmphex(o.join.nonce, ==, 0x8ec58548);

    o = decode_ok("1e10 1003 ab48ec25fbc8e959 3b151924");
    g_assert_cmpint(o.join.form, ==, MPS_JOIN_SYNACK);
    g_assert_false(o.join.backup);
    g_assert_cmpuint(o.join.address_id, ==, 3);
    g_assert_cmpint(memcmp(o.join.hmac, synack_hmac, sizeof synack_hmac), ==, 0);
    g_assert_cmphex(o.join.nonce, ==, 0x3b151924);

    o = decode_ok("1e18 1000 d132ef6a934e737b8de60852d13a21ba27312252");
    g_assert_cmpint(o.join.form, ==, MPS_JOIN_ACK);
    g_assert_cmphex(o.join.hmac[0], ==, 0xd1);
    g_assert_cmphex(o.join.hmac[19], ==, 0x52);
    g_assert_cmphex(o.join.nonce, ==, 0);
}

static const struct {
    const char *hex;
    bool fin, ack, ack64, map, dsn64, checksum;
    uint64_t data_ack, dsn;
    uint32_t ssn, data_bytes, sum;
} dss[] = {
    {"1e04 2000", 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
    {"1e08 2001 df79185a", 0, 1, 0, 0, 0, 0, 0xdf79185a, 0, 0, 0, 0},
    {"1e0c 2003 06988371df79185a", 0, 1, 1, 0, 0, 0, 0x06988371df79185a, 0, 0, 0, 0},
    {"1e0e 2004 b1712fb6 00000001 0001", 0, 0, 0, 1, 0, 0, 0, 0xb1712fb6, 1, 1, 0},
    {"1e10 2004 b1712fb6 00000001 0001 9e91", 0, 0, 0, 1, 0, 1, 0, 0xb1712fb6, 1, 1, 0x9e91},
    {"1e12 200c 06988371df79185a 00000006 0005", 0, 0, 0, 1, 1, 0, 0, 0x06988371df79185a, 6, 5, 0},
    {"1e14 200c 06988371df79185a 00000006 0005 e7b2", 0, 0, 0, 1, 1, 1, 0, 0x06988371df79185a, 6, 5,
     0xe7b2},
    {"1e12 2005 cc47b2a2 df79185a 00000006 0005", 0, 1, 0, 1, 0, 0, 0xcc47b2a2, 0xdf79185a, 6, 5,
     0},
    {"1e16 2007 70f7bd85cc47b2a2 df79185a 00000006 0005", 0, 1, 1, 1, 0, 0, 0x70f7bd85cc47b2a2,
     0xdf79185a, 6, 5, 0},
    {"1e18 200d cc47b2a2 06988371df79185a 00000006 0005 e7b2", 0, 1, 0, 1, 1, 1, 0xcc47b2a2,
     0x06988371df79185a, 6, 5, 0xe7b2},
    {"1e1c 201f 06988371df79185f 70f7bd85cc47b2a9 00000000 0001 5290", 1, 1, 1, 1, 1, 1,
     0x06988371df79185f, 0x70f7bd85cc47b2a9, 0, 1, 0x5290},
    {"1e04 200a", 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, /* a and m without A and M say nothing */
};

static void test_dss(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(dss); i++) {
        const MpsMptcpOption o = decode_ok(dss[i].hex);

        g_test_message("%s", dss[i].hex);
        g_assert_cmpint(o.dss.data_fin, ==, dss[i].fin);
        g_assert_cmpint(o.dss.has_ack, ==, dss[i].ack);
        g_assert_cmpint(o.dss.ack_is_64, ==, dss[i].ack64);
        g_assert_cmpint(o.dss.has_map, ==, dss[i].map);
        g_assert_cmpint(o.dss.dsn_is_64, ==, dss[i].dsn64);
        g_assert_cmpint(o.dss.has_checksum, ==, dss[i].checksum);
        g_assert_cmphex(o.dss.data_ack, ==, dss[i].data_ack);
        g_assert_cmphex(o.dss.dsn, ==, dss[i].dsn);
        g_assert_cmpuint(o.dss.ssn, ==, dss[i].ssn);
        g_assert_cmpuint(o.dss.data_bytes, ==, dss[i].data_bytes);
        g_assert_cmphex(o.dss.checksum, ==, dss[i].sum);
    }
}

static const struct {
    const char *hex;
    uint8_t version, echo, family, id, last; /* last byte of the address */
    uint16_t port;
    uint8_t hmac0;
} add_addr[] = {
    {"1e10 3005 c0000201 236b94088a7a319b", 1, 0, 4, 5, 1, 0, 0x23},
    {"1e12 3005 c0000201 1f90 2b695c284ba28e87", 1, 0, 4, 5, 1, 8080, 0x2b},
    {"1e1c 3006 20010db8000000000000000000000001 e26300b84a928a11", 1, 0, 6, 6, 1, 0, 0xe2},
    {"1e1e 3006 20010db8000000000000000000000001 1f90 3ba14e46a5bc06cc", 1, 0, 6, 6, 1, 8080, 0x3b},
    {"1e08 3109 c0000203", 1, 1, 4, 9, 3, 0, 0},
    {"1e16 3109 20010db8000000000000000000000003 0050", 1, 1, 6, 9, 3, 80, 0},
    {"1e0a 3402 c0000202 0050", 0, 0, 4, 2, 2, 80, 0},
    {"1e14 3602 20010db8000000000000000000000004", 0, 0, 6, 2, 4, 0, 0},
};

static void test_add_addr(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(add_addr); i++) {
        const MpsMptcpOption o = decode_ok(add_addr[i].hex);
        const uint8_t n_bytes = add_addr[i].family == 6 ? 16 : 4;

        g_test_message("%s", add_addr[i].hex);
        g_assert_cmpuint(o.add_addr.version, ==, add_addr[i].version);
        g_assert_cmpuint(o.add_addr.echo, ==, add_addr[i].echo);
        g_assert_cmpuint(o.add_addr.has_hmac, ==, add_addr[i].hmac0 != 0);
        g_assert_cmpuint(o.add_addr.has_port, ==, add_addr[i].port != 0);
        g_assert_cmpuint(o.add_addr.port, ==, add_addr[i].port);
        g_assert_cmpuint(o.add_addr.address_id, ==, add_addr[i].id);
        g_assert_cmpuint(o.add_addr.address.family, ==, add_addr[i].family);
        g_assert_cmpuint(o.add_addr.address.bytes[n_bytes - 1], ==, add_addr[i].last);
        g_assert_cmphex(o.add_addr.address.bytes[0], ==, n_bytes == 4 ? 0xc0 : 0x20);
        g_assert_cmphex(o.add_addr.hmac[0], ==, add_addr[i].hmac0);
    }
}

static void test_others(void)
{
    MpsMptcpOption o = decode_ok("1e06 4007 0809");

    g_assert_cmpuint(o.remove_addr.n_ids, ==, 3);
    g_assert_cmpuint(o.remove_addr.ids[0], ==, 7);
    g_assert_cmpuint(o.remove_addr.ids[2], ==, 9);

    o = decode_ok("1e03 51");
    g_assert_true(o.prio.backup && !o.prio.has_address_id);
    o = decode_ok("1e04 5002");
    g_assert_true(!o.prio.backup && o.prio.has_address_id);
    g_assert_cmpuint(o.prio.address_id, ==, 2);

    o = decode_ok("1e0c 6000 06988371df79185a");
    g_assert_cmphex(o.fail.dsn, ==, 0x06988371df79185a);
    o = decode_ok("1e0c 7000 0b31a610eb87d8da");
    g_assert_cmphex(o.fastclose.receiver_key, ==, 0x0b31a610eb87d8da);
    o = decode_ok("1e04 8d03");
    g_assert_cmphex(o.tcprst.flags, ==, 0xd);
    g_assert_cmpuint(o.tcprst.reason, ==, 3);

    g_assert_cmpstr(mps_mptcp_subtype_name(MPS_MP_CAPABLE), ==, "MP_CAPABLE");
    g_assert_cmpstr(mps_mptcp_subtype_name(MPS_MP_TCPRST), ==, "MP_TCPRST");
    g_assert_cmpstr(mps_mptcp_subtype_name(0x9), ==, "unassigned");
    g_assert_cmpstr(mps_mptcp_subtype_name(0xff), ==, "unassigned");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
        g_autofree char *path = g_strdup_printf("/decode/mptcp/form/%s", forms[i].name);

        g_test_add_data_func(path, &forms[i], test_form);
    }
    g_test_add_func("/decode/mptcp/lengths", test_lengths);
    g_test_add_func("/decode/mptcp/capable", test_capable);
    g_test_add_func("/decode/mptcp/join", test_join);
    g_test_add_func("/decode/mptcp/dss", test_dss);
    g_test_add_func("/decode/mptcp/add-addr", test_add_addr);
    g_test_add_func("/decode/mptcp/others", test_others);
    return g_test_run();
}
