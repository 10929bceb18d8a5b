/* test_decode_packet.c - link types, IP and TCP around one small segment, whole, cut and hostile.
 */
#include <string.h>

#include <glib.h>

#include "decode/decode.h"

/* 192.0.2.1:1000 > 192.0.2.2:2000, ACK, time stamps, DSS with a 32-bit ACK; 5 bytes of payload. */
#define TCP_FIXED                 "03e8 07d0 11223344 55667788 a018 0200 beef 0000"
#define TCP_OPTIONS               "0101 080a 00000064 000000c8 1e08 2001 df79185a"
#define PAYLOAD                   "6162636465"
#define SEGMENT                   TCP_FIXED TCP_OPTIONS PAYLOAD
#define ADDRESSES                 "c0000201 c0000202"
#define IPV4(total, id, fragment) "4500" total id fragment "4006 0000" ADDRESSES
#define PACKET4                   IPV4("0041", "1234", "4000") SEGMENT
#define ADDRESSES6                "20010db8000000000000000000000001 20010db8000000000000000000000002"
#define IPV6(length, next)        "60000000" length next "40" ADDRESSES6
#define PACKET6                   IPV6("002d", "06") SEGMENT
#define MACS                      "020000000002 020000000001"

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
static MpsDecoded decode_bytes(int link_type, const uint8_t *bytes, size_t captured_bytes,
                               size_t wire_bytes, MpsSegment *out)
{
    g_autofree uint8_t *own = g_memdup2(bytes, captured_bytes);
    const MpsPacket packet = {
        .ts_ns = 42,
        .number = 7,
        .capture_id = 1,
        .link_type = link_type,
        .wire_bytes = (uint32_t)wire_bytes,
        .captured_bytes = (uint32_t)captured_bytes,
        .bytes = own,
    };

    memset(out, 0xaa, sizeof *out);
    return mps_decode_packet(&packet, out);
}

static MpsDecoded decode(int link_type, const char *hex, MpsSegment *out)
{
    uint8_t bytes[512];
    const size_t n_bytes = from_hex(hex, bytes);

    return decode_bytes(link_type, bytes, n_bytes, n_bytes, out);
}

static MpsSegment decode_tcp(int link_type, const char *hex)
{
    MpsSegment segment;

    g_assert_cmpint(decode(link_type, hex, &segment), ==, MPS_DECODED_TCP);
    return segment;
}

typedef struct {
    const char *name;
    int link_type;
    const char *hex;
    MpsDecoded expected;
    uint32_t payload_bytes;
} Case;

#define TCP       MPS_DECODED_TCP
#define OTHER     MPS_DECODED_OTHER
#define FRAGMENT  MPS_DECODED_FRAGMENT
#define TRUNCATED MPS_DECODED_TRUNCATED
#define MALFORMED MPS_DECODED_MALFORMED

static const Case cases[] = {
    {"ethernet-ip4", 1, MACS "0800" PACKET4, TCP, 5},
    {"ethernet-ip6", 1, MACS "86dd" PACKET6, TCP, 5},
    {"ethernet-padding", 1, MACS "0800" PACKET4 "000000000000", TCP, 5},
    {"ethernet-arp", 1, MACS "0806 0001", OTHER, 0},
    {"ethernet-8023", 1, MACS "0026 4242030000000000", OTHER, 0},
    {"ethernet-runt", 1, "0200000000", MALFORMED, 0},
    {"vlan", 1, MACS "8100 0005 0800" PACKET4, TCP, 5},
    {"qinq", 1, MACS "88a8 0005 8100 0006 86dd" PACKET6, TCP, 5},
    {"vlan-9100-three-deep", 1, MACS "9100 0005 8100 0006 8100 0007 0800" PACKET4, TCP, 5},
    {"vlan-runt", 1, MACS "8100 0005", MALFORMED, 0},
    {"null-little-ip4", 0, "02000000" PACKET4, TCP, 5},
    {"null-big-ip4", 0, "00000002" PACKET4, TCP, 5},
    {"null-linux-ip6", 0, "0a000000" PACKET6, TCP, 5},
    {"null-bsd-ip6", 0, "18000000" PACKET6, TCP, 5},
    {"null-freebsd-ip6", 0, "0000001c" PACKET6, TCP, 5},
    {"null-macos-ip6", 0, "1e000000" PACKET6, TCP, 5},
    {"null-other", 0, "07000000" PACKET4, OTHER, 0},
    {"loop-ip4", 108, "00000002" PACKET4, TCP, 5},
    {"raw-12", 12, PACKET4, TCP, 5},
    {"raw-14", 14, PACKET6, TCP, 5},
    {"raw-101", 101, PACKET6, TCP, 5},
    {"raw-empty", 101, "", MALFORMED, 0},
    {"raw-neither", 101, "00", OTHER, 0},
    {"ipv4", 228, PACKET4, TCP, 5},
    {"ipv6", 229, PACKET6, TCP, 5},
    {"ppp", 9, "0021" PACKET4, TCP, 5},
    {"ppp-ip6", 9, "0057" PACKET6, TCP, 5},
    {"ppp-short-protocol", 9, "21" PACKET4, TCP, 5},
    {"ppp-hdlc", 50, "ff03 0021" PACKET4, TCP, 5},
    {"ppp-hdlc-short-protocol", 50, "ff03 57" PACKET6, TCP, 5},
    {"ppp-lcp", 9, "c021 0101", OTHER, 0},
    {"sll", 113, "0004 0001 0006 0200000000010000 0800" PACKET4, TCP, 5},
    {"sll-vlan", 113, "0000 0001 0006 0200000000010000 8100 0005 86dd" PACKET6, TCP, 5},
    {"sll2", 276, "0800 0000 00000003 0001 04 06 0200000000010000" PACKET4, TCP, 5},
    {"sll2-ip6", 276, "86dd 0000 00000003 0001 00 06 0200000000010000" PACKET6, TCP, 5},
    {"unknown-link", 147, PACKET4, MPS_DECODED_LINK, 0},

    {"ip4-options", 101, "4600 0045 1234 4000 4006 0000" ADDRESSES "94040000" SEGMENT, TCP, 5},
    {"ip4-length-0", 101, IPV4("0000", "1234", "4000") SEGMENT, TCP, 5},
    {"ip4-length-beyond-wire", 101, IPV4("0400", "1234", "4000") SEGMENT, TCP, 5},
    {"ip4-length-below-header", 101, IPV4("0013", "1234", "4000") SEGMENT, MALFORMED, 0},
    {"ip4-length-0-header-only", 101, IPV4("0000", "1234", "4000"), MALFORMED, 0},
    {"ip4-length-cuts-tcp", 101, IPV4("0027", "1234", "4000") SEGMENT, MALFORMED, 0},
    {"ip4-length-cuts-options", 101, IPV4("003b", "1234", "4000") SEGMENT, MALFORMED, 0},
    {"ip4-header-length", 101, "4400 0041 1234 4000 4006 0000" ADDRESSES SEGMENT, MALFORMED, 0},
    {"ip4-is-6", 1, MACS "0800" PACKET6, MALFORMED, 0},
    {"ip6-is-4", 1, MACS "86dd" PACKET4, MALFORMED, 0},
    {"ip4-udp", 101, "4500 0041 1234 4000 4011 0000" ADDRESSES SEGMENT, OTHER, 0},
    {"ip4-first-fragment", 101, IPV4("0041", "1234", "2000") SEGMENT, TCP, 5},
    {"ip4-later-fragment", 101, IPV4("0041", "1234", "2001") SEGMENT, FRAGMENT, 0},
    {"ip4-last-fragment", 101, IPV4("0041", "1234", "0010") SEGMENT, FRAGMENT, 0},
    {"ip4-tiny-fragment", 101, IPV4("001c", "1234", "2000") "03e807d011223344", MALFORMED, 0},

    {"ip6-hop-by-hop", 101, IPV6("0035", "00") "06 00 050200000100" SEGMENT, TCP, 5},
    {"ip6-chain", 101,
     IPV6("005d", "00") "3c 00 010400000000"                    /* hop-by-hop */
                        "2b 01 0104000000000000000000000000"    /* destination options */
                        "33 00 000000000000"                    /* routing */
                        "06 02 0000 00000001 00000002 00000003" /* authentication */
     SEGMENT,
     TCP, 5},
    {"ip6-first-fragment", 101, IPV6("0035", "2c") "06 00 0001 00000009" SEGMENT, TCP, 5},
    {"ip6-later-fragment", 101, IPV6("0035", "2c") "06 00 0009 00000009" SEGMENT, FRAGMENT, 0},
    {"ip6-length-0", 101, IPV6("0000", "06") SEGMENT, TCP, 5},
    {"ip6-jumbo", 101, IPV6("0000", "00") "06 00 c20400000035" SEGMENT, TCP, 5},
    {"ip6-no-next", 101, IPV6("0000", "3b"), OTHER, 0},
    {"ip6-esp", 101, IPV6("002d", "32") SEGMENT, OTHER, 0},
    {"ip6-udp", 101, IPV6("002d", "11") SEGMENT, OTHER, 0},
    {"ip6-extension-beyond", 101, IPV6("0008", "00") "06 01 050200000100", MALFORMED, 0},
    {"ip6-padding", 1, MACS "86dd" PACKET6 "0000", TCP, 5},

    {"tcp-offset-4", 101, IPV4("0028", "1234", "4000") "03e807d0112233445566778840180200beef0000",
     MALFORMED, 0},
    {"tcp-no-options", 101,
     IPV4("0029", "1234", "4000") "03e807d0112233445566778850180200beef0000ff", TCP, 1},
};

static void test_case(gconstpointer data)
{
    const Case *row = data;
    MpsSegment segment;

    g_assert_cmpint(decode(row->link_type, row->hex, &segment), ==, row->expected);
    if (row->expected != MPS_DECODED_TCP)
        return;
    g_assert_cmpuint(segment.payload_bytes, ==, row->payload_bytes);
    g_assert_cmpuint(segment.src.port, ==, 1000);
    g_assert_cmpuint(segment.dst.port, ==, 2000);
    g_assert_cmphex(segment.seq, ==, 0x11223344);
    g_assert_cmphex(segment.ack, ==, 0x55667788);
    g_assert_cmpuint(segment.src.address.bytes[segment.src.address.family == 6 ? 15 : 3], ==, 1);
    g_assert_cmpuint(segment.dst.address.bytes[segment.dst.address.family == 6 ? 15 : 3], ==, 2);
}

/* Cut at every byte: never a crash, never another payload, TCP from the fixed header on. */
static void test_cut(gconstpointer data)
{
    const Case *row = data;
    uint8_t bytes[512];
    const size_t n_bytes = from_hex(row->hex, bytes);
    MpsSegment whole, cut;

    if (decode_bytes(row->link_type, bytes, n_bytes, n_bytes, &whole) != MPS_DECODED_TCP ||
        strstr(row->name, "padding"))
        return;

    const size_t options_bytes = whole.n_mptcp > 0 ? 20 : 0;
    const size_t tcp = n_bytes - whole.payload_bytes - options_bytes - 20;

    for (size_t n = 0; n < n_bytes; n++) {
        const MpsDecoded decoded = decode_bytes(row->link_type, bytes, n, n_bytes, &cut);

        g_assert_cmpint(decoded, ==, n < tcp + 20 ? MPS_DECODED_TRUNCATED : MPS_DECODED_TCP);
        if (decoded != MPS_DECODED_TCP)
            continue;
        g_assert_cmpuint(cut.payload_bytes, ==, whole.payload_bytes);
        g_assert_cmpint(cut.options_cut, ==, n < tcp + 20 + options_bytes);
        g_assert_false(cut.options_malformed);
        if (!cut.options_cut)
            g_assert_cmphex(cut.print, ==, whole.print);
        if (options_bytes > 0)
            g_assert_cmpuint(cut.n_mptcp, ==, n > tcp + 32 ? 1 : 0);
        if (cut.n_mptcp > 0)
            g_assert_cmpint(cut.mptcp[0].status, ==,
                            cut.options_cut ? MPS_OPT_TRUNCATED : MPS_OPT_OK);
    }
}

static void test_values(void)
{
    const MpsSegment s = decode_tcp(1, MACS "0800" PACKET4);
    static const uint8_t src[16] = {192, 0, 2, 1};

    g_assert_cmpint(s.ts_ns, ==, 42);
    g_assert_cmpuint(s.packet, ==, 7);
    g_assert_cmpuint(s.capture_id, ==, 1);
    g_assert_cmpint(memcmp(s.src.address.bytes, src, sizeof src), ==, 0);
    g_assert_cmpuint(s.src.address.family, ==, 4);
    g_assert_cmphex(s.ip_id, ==, 0x1234);
    g_assert_cmpuint(s.window, ==, 0x200);
    g_assert_cmphex(s.flags, ==, MPS_TCP_ACK | MPS_TCP_PSH);
    g_assert_cmphex(s.tcp_options, ==, MPS_TCPOPT_TIMESTAMP);
    g_assert_cmpuint(s.tsval, ==, 100);
    g_assert_cmpuint(s.tsecr, ==, 200);
    g_assert_false(s.options_cut || s.options_malformed);
    g_assert_cmpuint(s.n_mptcp, ==, 1);
    g_assert_cmpuint(s.mptcp[0].subtype, ==, MPS_DSS);
    g_assert_cmphex(s.mptcp[0].dss.data_ack, ==, 0xdf79185a);
    g_assert_cmphex(s.mptcp[1].status, ==, 0xaa); /* beyond n_mptcp: untouched */
    g_assert_cmpuint(decode_tcp(101, PACKET6).ip_id, ==, 0);
}

/* Packets larger than what was captured of them (TSO): lengths count, not bytes. */
static void test_tso(void)
{
    uint8_t bytes[512];
    MpsSegment s;
    size_t n = from_hex(MACS "0800" IPV4("0000", "1234", "4000") SEGMENT, bytes);

    g_assert_cmpint(decode_bytes(1, bytes, n, 64000, &s), ==, MPS_DECODED_TCP);
    g_assert_cmpuint(s.payload_bytes, ==, 64000 - 14 - 20 - 40);
    n = from_hex(MACS "0800" IPV4("7530", "1234", "4000") SEGMENT, bytes);
    g_assert_cmpint(decode_bytes(1, bytes, n, 30014, &s), ==, MPS_DECODED_TCP);
    g_assert_cmpuint(s.payload_bytes, ==, 30000 - 20 - 40);
    n = from_hex(MACS "86dd" IPV6("0000", "06") SEGMENT, bytes);
    g_assert_cmpint(decode_bytes(1, bytes, n, 200000, &s), ==, MPS_DECODED_TCP);
    g_assert_cmpuint(s.payload_bytes, ==, 200000 - 14 - 40 - 40);
    n = from_hex(PACKET4, bytes); /* a file that says less on the wire than it holds */
    g_assert_cmpint(decode_bytes(101, bytes, n, 0, &s), ==, MPS_DECODED_TCP);
    g_assert_cmpuint(s.payload_bytes, ==, 5);
}

/* The fingerprint sees through link type, VLAN, TTL, ECN and checksums, and nothing else. */
static void test_print(void)
{
    const uint64_t print = decode_tcp(1, MACS "0800" PACKET4).print;
    static const struct {
        const char *name, *hex;
        bool same;
    } rows[] = {
        {"TTL and IP checksum", "4500 0041 1234 4000 3f06 1111" ADDRESSES SEGMENT, true},
        {"DSCP, ECN", "4503 0041 1234 4000 4006 0000" ADDRESSES SEGMENT, true},
        {"TCP checksum",
         IPV4("0041", "1234",
              "4000") "03e807d01122334455667788a01802001111 0000" TCP_OPTIONS PAYLOAD,
         true},
        {"IP id", IPV4("0041", "1235", "4000") SEGMENT, false},
        {"length", IPV4("0042", "1234", "4000") SEGMENT "00", false},
        {"source", "4500 0041 1234 4000 4006 0000 c0000203 c0000202" SEGMENT, false},
        {"swapped", "4500 0041 1234 4000 4006 0000 c0000202 c0000201" SEGMENT, false},
        {"sequence",
         IPV4("0041", "1234",
              "4000") "03e807d01122334555667788a0180200beef 0000" TCP_OPTIONS PAYLOAD,
         false},
        {"window",
         IPV4("0041", "1234",
              "4000") "03e807d01122334455667788a0180201beef 0000" TCP_OPTIONS PAYLOAD,
         false},
        {"urgent",
         IPV4("0041", "1234",
              "4000") "03e807d01122334455667788a0180200beef 0001" TCP_OPTIONS PAYLOAD,
         false},
        {"time stamp",
         IPV4("0041", "1234", "4000") TCP_FIXED "0101080a00000065000000c81e082001df79185a" PAYLOAD,
         false},
        {"last option byte",
         IPV4("0041", "1234", "4000") TCP_FIXED "0101080a00000064000000c81e082001df79185b" PAYLOAD,
         false},
    };

    g_assert_cmphex(decode_tcp(1, MACS "8100 0005 0800" PACKET4).print, ==, print);
    g_assert_cmphex(decode_tcp(9, "0021" PACKET4).print, ==, print);
    g_assert_cmphex(decode_tcp(1, MACS "0800" PACKET4 "0000").print, ==, print);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_test_message("%s", rows[i].name);
        g_assert_cmpint(decode_tcp(101, rows[i].hex).print == print, ==, rows[i].same);
    }
}

static void test_place(void)
{
    const uint64_t place = decode_tcp(1, MACS "0800" PACKET4).place;
    const uint64_t sll2 =
        decode_tcp(276, "0800 0000 00000003 0001 04 06 0200000000010000" PACKET4).place;
    const char *other_segment = MACS "0800" IPV4("003c", "9999", "4000") TCP_FIXED TCP_OPTIONS;

    g_assert_cmphex(decode_tcp(1, other_segment).place, ==, place);
    g_assert_cmphex(decode_tcp(1, "020000000001020000000002 0800" PACKET4).place, !=, place);
    g_assert_cmphex(decode_tcp(1, MACS "8100 0005 0800" PACKET4).place, !=, place);
    g_assert_cmphex(
        decode_tcp(1, MACS "0800 4500 0041 1234 4000 3f06 0000" ADDRESSES SEGMENT).place, !=,
        place);
    g_assert_cmphex(decode_tcp(276, "0800 0000 00000004 0001 04 06 0200000000010000" PACKET4).place,
                    !=, sll2);
    g_assert_cmphex(decode_tcp(276, "0800 0000 00000003 0001 00 06 0200000000010000" PACKET4).place,
                    !=, sll2);
    g_assert_cmphex(decode_tcp(276, "0800 0000 00000003 0001 04 06 020000000001ffff" PACKET4).place,
                    ==, sll2); /* behind the address: not defined */
}

static const struct {
    const char *name, *options; /* padded to 40 bytes with NOP */
    uint8_t tcp_options, n_mptcp, status, subtype;
    bool malformed;
} options[] = {
    {"syn", "020405b4 0402 080a0000006400000000 01 030307 1e040181",
     MPS_TCPOPT_MSS | MPS_TCPOPT_SACK_PERMITTED | MPS_TCPOPT_TIMESTAMP | MPS_TCPOPT_WSCALE, 1,
     MPS_OPT_OK, MPS_MP_CAPABLE, false},
    {"sack", "0512 0000000100000002 0000000300000004", MPS_TCPOPT_SACK, 0, 0, 0, false},
    {"sack-odd-length", "0509 00000001000000", 0, 0, 0, 0, false},
    {"sack-empty", "0502", 0, 0, 0, 0, false},
    {"mss-odd-length", "020505b400", 0, 0, 0, 0, false},
    {"end-hides-the-rest", "00 1e040181", 0, 0, 0, 0, false},
    {"length-0", "0200 1e040181", 0, 0, 0, 0, true},
    {"length-1", "0801 1e040181", 0, 0, 0, 0, true},
    {"length-beyond", "1e040181 08ff", 0, 1, MPS_OPT_OK, MPS_MP_CAPABLE, true},
    {"mptcp-length-0", "1e002001", 0, 1, MPS_OPT_MALFORMED, MPS_DSS, true},
    {"mptcp-length-1", "1e012001", 0, 1, MPS_OPT_MALFORMED, MPS_DSS, true},
    {"mptcp-length-2", "1e02", 0, 1, MPS_OPT_MALFORMED, MPS_MP_EXPERIMENTAL, false},
    {"mptcp-length-beyond", "1e292001", 0, 1, MPS_OPT_MALFORMED, MPS_DSS, true},
    {"dss-shorter-than-flags", "1e08200c00000001", 0, 1, MPS_OPT_MALFORMED, MPS_DSS, false},
    {"two", "1e082001df79185a 1e103005c0000201236b94088a7a319b", 0, 2, MPS_OPT_OK, MPS_DSS, false},
    {"thirteen", "1e03501e03501e03501e03501e03501e03501e03501e03501e03501e03501e03501e03501e0350",
     0, 13, MPS_OPT_OK, MPS_MP_PRIO, false},
    {"twenty-of-two",
     "1e021e021e021e021e021e021e021e021e021e021e021e021e021e021e021e021e021e021e021e02", 0, 13,
     MPS_OPT_MALFORMED, MPS_MP_EXPERIMENTAL, false},
    {"kind-at-the-end",
     "01010101010101010101010101010101010101010101010101010101010101010101010101010102", 0, 0, 0, 0,
     true},
    {"mptcp-at-the-end",
     "0101010101010101010101010101010101010101010101010101010101010101010101010101011e", 0, 1,
     MPS_OPT_MALFORMED, MPS_MP_EXPERIMENTAL, true},
};

static void test_options(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(options); i++) {
        uint8_t bytes[512];
        const size_t n = from_hex(
            IPV4("0050", "1234", "4000") "03e807d01122334455667788f0180200beef0000", bytes);
        MpsSegment s;

        memset(bytes + n, 1, 40);
        g_assert_cmpuint(from_hex(options[i].options, bytes + n), <=, 40);
        g_test_message("%s", options[i].name);
        g_assert_cmpint(decode_bytes(101, bytes, n + 40, n + 40, &s), ==, MPS_DECODED_TCP);
        g_assert_cmphex(s.tcp_options, ==, options[i].tcp_options);
        g_assert_cmpint(s.options_malformed, ==, options[i].malformed);
        g_assert_false(s.options_cut);
        g_assert_cmpuint(s.n_mptcp, ==, options[i].n_mptcp);
        if (s.n_mptcp > 0) {
            g_assert_cmpuint(s.mptcp[0].status, ==, options[i].status);
            g_assert_cmpuint(s.mptcp[0].subtype, ==, options[i].subtype);
        }
        if (s.tcp_options & MPS_TCPOPT_MSS) {
            g_assert_cmpuint(s.mss, ==, 1460);
            g_assert_cmpuint(s.wscale, ==, 7);
        }
        if (s.tcp_options & MPS_TCPOPT_SACK) {
            g_assert_cmpuint(s.n_sack, ==, 2);
            g_assert_cmpuint(s.sack[1].begin, ==, 3);
            g_assert_cmpuint(s.sack[1].end, ==, 4);
        }
        for (size_t cut = n; cut < n + 40; cut++) { /* cut by snaplen at every byte */
            MpsSegment c;

            g_assert_cmpint(decode_bytes(101, bytes, cut, n + 40, &c), ==, MPS_DECODED_TCP);
            g_assert_cmpuint(c.n_mptcp, <=, s.n_mptcp);
        }
    }
}

static const struct {
    const char *options; /* hex */
    int n_opaque;
    const char *first; /* kind, subtype, status, bytes of the first; NULL: none */
} opaques[] = {
    {"0a02", 1, "10 0 0"},
    {"fd06f9890014", 1, "253 0 0 f9890014"},
    {"1e07f0000105dc", 1, "30 15 0 f0000105dc"},
    {"1e04a02a", 1, "30 10 0 a02a"},
    {"fd02 01 4d03ff 1e03f0 22020101", 4, "253 0 0"},
    {"0202 0302 0402 0502 0802 0101", 0, NULL}, /* of a wrong length, but known */
    {"0204 05b4 080a 0000000100000002 1e0320 1e0350", 0, NULL},
    {"fd29f989", 0, NULL}, /* longer than the header */
    {"1e29f000", 0, NULL},
    {"fd00", 0, NULL},
    {"00 fd06f9890014", 0, NULL},
    {"fd28000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425", 1,
     "253 0 0 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425"},
    {"0a020a020a020a020a020a020a020a020a020a020a020a020a020a020a020a020a020a020a020a02", 20,
     "10 0 0"},
};

static char *opaque_in_words(const MpsOpaqueOption *option)
{
    GString *out = g_string_new(NULL);

    g_string_append_printf(out, "%u %u %u%s", option->kind, option->subtype, option->status,
                           option->n_bytes ? " " : "");
    for (unsigned i = 0; i < option->n_bytes; i++)
        g_string_append_printf(out, "%02x", option->bytes[i]);
    return g_string_free(out, FALSE);
}

static void test_opaque(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(opaques); i++) {
        uint8_t bytes[512];
        const size_t n = from_hex(
            IPV4("0050", "1234", "4000") "03e807d01122334455667788f0180200beef0000", bytes);
        MpsSegment s;

        memset(bytes + n, 1, 40);
        g_assert_cmpuint(from_hex(opaques[i].options, bytes + n), <=, 40);
        g_test_message("%s", opaques[i].options);
        g_assert_cmpint(decode_bytes(101, bytes, n + 40, n + 40, &s), ==, MPS_DECODED_TCP);
        g_assert_cmpint(s.n_opaque, ==, opaques[i].n_opaque);
        if (opaques[i].first) {
            g_autofree char *words = opaque_in_words(&s.opaque[0]);

            g_assert_cmpstr(words, ==, opaques[i].first);
        }
    }
}

/* What is captured of an option is kept, once kind, length and MPTCP subtype are there. */
static void test_opaque_cut(void)
{
    static const char *const cut[] = {
        "", "", "253 0 1", "253 0 1 f9", "253 0 1 f989", "253 0 0 f98914"};
    static const char *const cut_mptcp[] = {
        "", "", "", "30 15 1 f0", "30 15 1 f000", "30 15 0 f00001"};

    for (int mptcp = 0; mptcp < 2; mptcp++)
        for (size_t n_captured = 0; n_captured < G_N_ELEMENTS(cut); n_captured++) {
            uint8_t bytes[512];
            const size_t n = from_hex(
                IPV4("0050", "1234", "4000") "03e807d01122334455667788f0180200beef0000", bytes);
            g_autofree char *words = NULL;
            MpsSegment s;

            memset(bytes + n, 1, 40);
            from_hex(mptcp ? "1e05f00001" : "fd05f98914", bytes + n);
            g_assert_cmpint(decode_bytes(101, bytes, n + n_captured, n + 40, &s), ==,
                            MPS_DECODED_TCP);
            words = s.n_opaque > 0 ? opaque_in_words(&s.opaque[0]) : g_strdup("");
            g_assert_cmpstr(words, ==, (mptcp ? cut_mptcp : cut)[n_captured]);
        }
}

/* Extension headers and VLAN tags without end. */
static void test_depth(void)
{
    uint8_t bytes[4096] = {0x60, 0, 0, 0, 0x0f, 0x00, 0, 64};
    MpsSegment s;

    g_assert_cmpint(decode_bytes(101, bytes, sizeof bytes, sizeof bytes, &s), ==,
                    MPS_DECODED_MALFORMED);
    for (size_t i = 12; i < sizeof bytes; i += 4) {
        memcpy(bytes + i, (const uint8_t[]){0x81, 0, 0, 1}, 4);
    }
    g_assert_cmpint(decode_bytes(1, bytes, sizeof bytes, sizeof bytes, &s), ==, MPS_DECODED_OTHER);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strdup_printf("/decode/packet/%s", cases[i].name);
        g_autofree char *cut = g_strdup_printf("/decode/cut/%s", cases[i].name);

        g_test_add_data_func(path, &cases[i], test_case);
        if (cases[i].expected == MPS_DECODED_TCP)
            g_test_add_data_func(cut, &cases[i], test_cut);
    }
    g_test_add_func("/decode/values", test_values);
    g_test_add_func("/decode/tso", test_tso);
    g_test_add_func("/decode/print", test_print);
    g_test_add_func("/decode/place", test_place);
    g_test_add_func("/decode/options", test_options);
    g_test_add_func("/decode/opaque", test_opaque);
    g_test_add_func("/decode/opaque cut", test_opaque_cut);
    g_test_add_func("/decode/depth", test_depth);
    return g_test_run();
}
