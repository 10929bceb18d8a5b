/* test_build_packet.c - the packet builder against published vectors, so that what it builds can
 * be trusted to test everything else. */
#include "../support/build_packet.h"

#include <string.h>

#include <glib.h>
#include <glib/gstdio.h>
#include <pcap/pcap.h>

#define KEY_A UINT64_C(0x0001020304050607)
#define KEY_B UINT64_C(0x08090a0b0c0d0e0f)

static char *to_hex(const uint8_t *bytes, size_t n_bytes)
{
    GString *text = g_string_new(NULL);

    for (size_t i = 0; i < n_bytes; i++)
        g_string_append_printf(text, "%02x", bytes[i]);
    return g_string_free(text, FALSE);
}

static void assert_hex(const uint8_t *bytes, size_t n_bytes, const char *expected)
{
    g_autofree char *text = to_hex(bytes, n_bytes);

    g_assert_cmpstr(text, ==, expected);
}

static void test_keys(void)
{
    static const struct {
        uint64_t key;
        int version;
        uint32_t token;
        uint64_t idsn;
    } cases[] = {
        {1, 0, 0xcb473678, 0x38f11011007ad27d},
        {1, 1, 0xcd266215, 0x19ec509083d00a50},
        {KEY_A, 0, 0x67423ebf, 0xd6c0dc731a3ddd6b},
        {KEY_A, 1, 0x8a851ff8, 0xe3db22c6785a0d45},
        {KEY_B, 0, 0x7e18779a, 0xecf9cd1f7f493a7b},
        {KEY_B, 1, 0x34179de5, 0x9ac0c6c29ef61a05},
        {UINT64_MAX, 0, 0xbe673e8a, 0x866701c11ef8e089},
        {UINT64_MAX, 1, 0x12a3ae44, 0x57fb595bbbacf0ca},
        {0x9c764fc34f185038, 1, 0xbf34a962, 0x0e6462f3688ec64e},
        {0x347997aecdf19ddf, 1, 0x74a5bfcc, 0x092e4d46ef94aa1e},
        {0x8f0a0b7ab879c5a9, 1, 0x62c970a2, 0x6dd0610db8268074},
        {0x08801ace4ee57771, 1, 0xc1a9b465, 0x541f982b30099f2e},
        {0xca2f07947b1bfd2b, 0, 0x87f53114, 0x528b5d084e92c2fc},
        {0xa78213619e4beafc, 0, 0x2ff5f1f0, 0x488c0d28e589f0d3},
        {0xd8e9bdfad036fbf0, 0, 0x0a8c8e8c, 0x83a45002a2fd3909},
        {0xd72afc372a0ad242, 0, 0x303b9394, 0xdaa2dd62e240025a},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_assert_cmphex(pb_token(cases[i].version, cases[i].key), ==, cases[i].token);
        g_assert_cmphex(pb_idsn(cases[i].version, cases[i].key), ==, cases[i].idsn);
    }
}

static void test_hmac(void)
{
    static const struct {
        const char *key, *message, *hmac;
    } cases[] = {
        {"0b0b0b0b0b0b0b0b", "48692054",
         "8385e24fb4235ac37556b6b886db106284a1da671699f46db1f235ec622dcafa"},
        {"aaaaaaaaaaaaaaaa", "dddddddd",
         "2c5e219164ff1dca1c4a92318d847bb6b9d44492984e1eb71aff9022f71046e9"},
        {"0102030405060708", "cdcdcdcd",
         "e73b9ba9969969cefb04aa0d6df18ec2fcc075b6f23b4d8c4da736a5dbbc6e7d"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        uint64_t own, peer;
        uint8_t digest[PB_DIGEST_MAX];

        memcpy(&own, cases[i].key, 8);
        memcpy(&peer, cases[i].key + 8, 8);
        g_assert_cmpuint(
            pb_hmac(1, GUINT64_FROM_BE(own), GUINT64_FROM_BE(peer), cases[i].message, 8, digest),
            ==, 32);
        assert_hex(digest, 32, cases[i].hmac);
    }
}

/* Both fields of a join opened by A, as the options carry them. */
static void test_join(void)
{
    static const struct {
        int version;
        uint64_t key_a, key_b;
        uint32_t nonce_a, nonce_b;
        const char *synack, *ack;
    } cases[] = {
        {0, KEY_A, KEY_B, 0x11223344, 0xaabbccdd, "245b93e03ea52c32",
         "86c86f91f1b207bfbe80127b6e76bf07cf1a5404"},
        {1, KEY_A, KEY_B, 0x11223344, 0xaabbccdd, "34e0ca3a6df17d20",
         "820537c6d14447d17344e628d2e4af41cbb80463"},
        {1, 0x9c764fc34f185038, 0x347997aecdf19ddf, 0x8ec58548, 0x3b151924, "ab48ec25fbc8e959",
         "d132ef6a934e737b8de60852d13a21ba27312252"},
        {1, 0x8f0a0b7ab879c5a9, 0x08801ace4ee57771, 0x53c4b7b4, 0x65551b8c, "228ab2c5af207537",
         "a2751307349ab9e04728ad464157ec9bd089c716"},
        {1, 0x3c53ec23fe4ff789, 0x82b84043c1cdf5ce, 0x4653cfd7, 0x6926195d, "41a003f5438915dc",
         "e6a35ae2fdfc34a0deb33d553ec9a211e82dac23"},
        {0, 0xca2f07947b1bfd2b, 0xa78213619e4beafc, 0x96a3c294, 0x0f0cc049, "84037deda67a454c",
         "66e36626703eacb8f72ec5be13f8c4ef4f6d4dd8"},
        {0, 0xd8e9bdfad036fbf0, 0xd72afc372a0ad242, 0xad79a044, 0xa0bb6c65, "61fedbb6c9262377",
         "825aadbb1222dd68b5352bf31ff13fe7f3d1e499"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        uint8_t digest[PB_DIGEST_MAX];
        PbOptions synack = {.n = 0}, ack = {.n = 0};

        pb_join_hmac(cases[i].version, cases[i].key_b, cases[i].key_a, cases[i].nonce_b,
                     cases[i].nonce_a, digest);
        pb_opt_join_synack(&synack, false, 1, digest, cases[i].nonce_b);
        g_assert_cmpuint(synack.n, ==, 16);
        assert_hex(synack.bytes + 4, 8, cases[i].synack);
        pb_join_hmac(cases[i].version, cases[i].key_a, cases[i].key_b, cases[i].nonce_a,
                     cases[i].nonce_b, digest);
        pb_opt_join_ack(&ack, digest);
        g_assert_cmpuint(ack.n, ==, 24);
        assert_hex(ack.bytes + 4, 20, cases[i].ack);
    }
}

static void test_add_addr(void)
{
    static const struct {
        uint64_t own, peer;
        uint8_t id;
        const char *address;
        uint16_t port;
        const char *option;
    } cases[] = {
        {KEY_A, KEY_B, 5, "192.0.2.1", 0, "1e103005c0000201236b94088a7a319b"},
        {KEY_B, KEY_A, 5, "192.0.2.1", 0, "1e103005c00002013da134dac85a71bf"},
        {KEY_A, KEY_B, 5, "192.0.2.1", 8080, "1e123005c00002011f90b1c79ffeec64e5ce"},
        {KEY_B, KEY_A, 5, "192.0.2.1", 8080, "1e123005c00002011f902b695c284ba28e87"},
        {KEY_A, KEY_B, 6, "2001:db8::1", 0,
         "1e1c300620010db8000000000000000000000001d6c11d297bd1d065"},
        {KEY_B, KEY_A, 6, "2001:db8::1", 0,
         "1e1c300620010db8000000000000000000000001e26300b84a928a11"},
        {KEY_A, KEY_B, 6, "2001:db8::1", 8080,
         "1e1e300620010db80000000000000000000000011f90c187c1ac5c693309"},
        {KEY_B, KEY_A, 6, "2001:db8::1", 8080,
         "1e1e300620010db80000000000000000000000011f903ba14e46a5bc06cc"},
        {0x347997aecdf19ddf, 0x9c764fc34f185038, 1, "192.168.0.1", 0,
         "1e103001c0a8000171b222283421ab18"},
        {0x08801ace4ee57771, 0x8f0a0b7ab879c5a9, 1, "192.168.0.1", 0,
         "1e103001c0a800011985e8573a296f72"},
        {0x3e83616ad6f26190, 0x1ca704db91976efa, 1, "10.9.2.1", 7777,
         "1e1230010a0902011e61614a95c2db2adc78"},
        {0x3e83616ad6f26190, 0x1ca704db91976efa, 3, "fd09:1::1", 0,
         "1e1c3003fd090001000000000000000000000001c4de2d1509356111"},
        {0x82b84043c1cdf5ce, 0x3c53ec23fe4ff789, 1, "fd09:2::1", 7778,
         "1e1e3001fd0900020000000000000000000000011e6244e641091af1ed76"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const MpsAddress address = pb_address(cases[i].address);
        PbOptions o = {.n = 0};
        uint8_t hmac[8];

        pb_add_addr_hmac(cases[i].own, cases[i].peer, cases[i].id, address, cases[i].port, hmac);
        pb_opt_add_addr(&o, 1, false, cases[i].id, address, cases[i].port, hmac);
        assert_hex(o.bytes, o.n, cases[i].option);
    }
}

static void test_dss_checksum(void)
{
    static const struct {
        uint64_t dsn;
        uint32_t ssn;
        uint16_t data_bytes;
        const char *payload;
        uint16_t checksum;
    } cases[] = {
        {1, 1, 5, "01234", 0x6994},
        {0x8877665544332211, 16, 4, "\xde\xad\xbe\xef", 0x0d3d},
        {0x8877665544332211, 16, 5, "\xde\xad\xbe\xef", 0x0d3c},
        {0x8877665544332211, 0, 1, "", 0xaaed},
        {0x06988371df791855, 1, 5, "01234", 0xe7bc},
        {0x06988371df79185a, 6, 5, "01234", 0xe7b2},
        {0x70f7bd85cc47b2a2, 1, 7, "0123456", 0x85f6},
        {0x70f7bd85cc47b2a9, 0, 1, "", 0x5290},
        {0x06988371df79185f, 0, 1, "", 0x7e1c},
        {0x6842b501b1712fb6, 1, 1, "c", 0x9e91},
        {0x7138f0dbc9dc1c61, 1, 1, "c", 0x54ab},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmphex(pb_dss_checksum(cases[i].dsn, cases[i].ssn, cases[i].data_bytes,
                                        (const uint8_t *)cases[i].payload,
                                        strlen(cases[i].payload)),
                        ==, cases[i].checksum);
}

/* Every length RFC 8684 and RFC 6824 know. */
static void test_option_lengths(void)
{
    static const uint8_t zero[20] = {0}, ids[] = {1, 2};
    const uint64_t keys[2] = {KEY_A, KEY_B};
    const MpsAddress ipv4 = pb_address("192.0.2.1"), ipv6 = pb_address("2001:db8::1");
    PbOptions o;

#define EXPECT(hex_start, length, call)                                                            \
    o.n = 0;                                                                                       \
    call;                                                                                          \
    g_assert_cmpuint(o.n, ==, length);                                                             \
    g_assert_cmpuint(o.bytes[1], ==, length);                                                      \
    assert_hex(o.bytes + 2, strlen(hex_start) / 2, hex_start)

    EXPECT("0181", 4, pb_opt_capable(&o, 1, 0x81, 0, NULL, -1, -1));
    EXPECT("0001", 12, pb_opt_capable(&o, 0, 0x01, 1, keys, -1, -1));
    EXPECT("0101", 20, pb_opt_capable(&o, 1, 0x01, 2, keys, -1, -1));
    EXPECT("0101", 22, pb_opt_capable(&o, 1, 0x01, 2, keys, 9, -1));
    EXPECT("0181", 24, pb_opt_capable(&o, 1, 0x81, 2, keys, 9, 1));
    EXPECT("1107", 12, pb_opt_join_syn(&o, true, 7, 1, 2));
    EXPECT("1007", 16, pb_opt_join_synack(&o, false, 7, zero, 2));
    EXPECT("1000", 24, pb_opt_join_ack(&o, zero));
    EXPECT("300501020304"
           "05060708",
           16,
           pb_opt_add_addr(&o, 1, false, 5, pb_address("1.2.3.4"), 0,
                           (uint8_t[]){5, 6, 7, 8, 0, 0, 0, 0}));
    EXPECT("3105", 8, pb_opt_add_addr(&o, 1, true, 5, ipv4, 0, NULL));
    EXPECT("3105", 22, pb_opt_add_addr(&o, 1, true, 5, ipv6, 80, NULL));
    EXPECT("3405", 8, pb_opt_add_addr(&o, 0, false, 5, ipv4, 0, NULL));
    EXPECT("3405", 10, pb_opt_add_addr(&o, 0, false, 5, ipv4, 80, NULL));
    EXPECT("3605", 20, pb_opt_add_addr(&o, 0, false, 5, ipv6, 0, NULL));
    EXPECT("3605", 22, pb_opt_add_addr(&o, 0, false, 5, ipv6, 80, NULL));
    EXPECT("400102", 5, pb_opt_remove_addr(&o, ids, 2));
    EXPECT("51", 3, pb_opt_prio(&o, true, -1));
    EXPECT("5003", 4, pb_opt_prio(&o, false, 3));
    EXPECT("60000001020304050607", 12, pb_opt_fail(&o, KEY_A));
    EXPECT("700008090a0b0c0d0e0f", 12, pb_opt_fastclose(&o, KEY_B));
    EXPECT("8103", 4, pb_opt_tcprst(&o, 1, 3));
#undef EXPECT

    for (unsigned bits = 0; bits < 32; bits++) { /* RFC 8684 section 3.3: length from the flags */
        const PbDss dss = {
            .ack_bytes = bits & 1 ? (bits & 2 ? 8 : 4) : 0,
            .has_map = bits & 4,
            .dsn_bytes = bits & 8 ? 8 : 4,
            .has_checksum = (bits & 16) && (bits & 4),
        };
        const size_t length = 4u + dss.ack_bytes + (dss.has_map ? 6u + dss.dsn_bytes : 0) +
                              (dss.has_checksum ? 2 : 0);

        o.n = 0;
        pb_opt_dss(&o, &dss);
        g_assert_cmpuint(o.n, ==, length);
        g_assert_cmpuint(o.bytes[1], ==, length);
    }
}

static uint16_t ones_sum(const uint8_t *bytes, size_t n_bytes, uint32_t sum)
{
    for (size_t i = 0; i < n_bytes; i++)
        sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

/* A receiver's view of every packet: IP and TCP checksums sum to 0xffff, lengths agree. */
static void check_frame(PbLink link, const char *src, const char *dst, uint32_t payload_bytes)
{
    uint8_t payload[1500], frame[2000];
    uint32_t wire_bytes;
    const bool ipv6 = strchr(src, ':');
    PbPacket packet = {
        .src = pb_endpoint(src, 1),
        .dst = pb_endpoint(dst, 2),
        .seq = 0xfffffff0,
        .flags = MPS_TCP_ACK,
        .ttl = 64,
        .payload = payload,
        .payload_bytes = payload_bytes,
    };

    for (size_t i = 0; i < sizeof payload; i++)
        payload[i] = pb_pattern(PB_CLIENT, i);
    pb_opt_prio(&packet.options, true, -1); /* three bytes: one of padding */

    const uint32_t n_bytes = pb_frame(link, &packet, frame, sizeof frame, &wire_bytes);
    const uint8_t *ip = frame + (link == PB_ETHERNET ? 14 : 0);
    const uint8_t *tcp = ip + (ipv6 ? 40 : 20);
    const uint32_t tcp_bytes = 24 + payload_bytes;

    g_assert_cmpuint(n_bytes, ==, wire_bytes);
    g_assert_cmpuint(n_bytes, ==, (size_t)(tcp - frame) + tcp_bytes);
    if (!ipv6)
        g_assert_cmphex(ones_sum(ip, 20, 0), ==, 0xffff);
    g_assert_cmphex(
        ones_sum(tcp, tcp_bytes, 6 + tcp_bytes + ones_sum(ip + (ipv6 ? 8 : 12), ipv6 ? 32 : 8, 0)),
        ==, 0xffff);
    g_assert_cmphex(tcp[12], ==, 0x60);
    g_assert_cmphex(tcp[23], ==, 1);

    uint8_t cut[PB_HEADERS_MAX];
    const uint32_t cut_bytes = pb_frame(link, &packet, cut, sizeof cut, &wire_bytes);

    g_assert_cmpuint(cut_bytes, ==, MIN(n_bytes, sizeof cut));
    g_assert_cmpuint(wire_bytes, ==, n_bytes);
    g_assert_true(memcmp(cut, frame, cut_bytes) == 0);
}

static void test_frame(void)
{
    for (uint32_t payload_bytes = 0; payload_bytes < 1400; payload_bytes += 77) {
        check_frame(PB_RAW, "192.0.2.1", "198.51.100.7", payload_bytes);
        check_frame(PB_ETHERNET, "192.0.2.1", "198.51.100.7", payload_bytes);
        check_frame(PB_RAW, "2001:db8::1", "2001:db8:ffff::2", payload_bytes);
        check_frame(PB_ETHERNET, "2001:db8::1", "2001:db8:ffff::2", payload_bytes);
    }
}

/* One line per packet of a raw-IP capture without TCP time stamps: MPTCP options and payload. */
static char *read_mptcp(const char *path)
{
    char reason[PCAP_ERRBUF_SIZE];
    pcap_t *pcap =
        pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, reason);
    struct pcap_pkthdr *header;
    const u_char *bytes;
    GString *text = g_string_new(NULL);

    g_assert_nonnull(pcap);
    while (pcap_next_ex(pcap, &header, &bytes) == 1) {
        const uint8_t *tcp = bytes + 20, *at = tcp + 20, *end = tcp + (tcp[12] >> 4) * 4;

        g_string_append(text, tcp[0] == 0 && tcp[1] == 80 ? "S" : "C");
        for (; at < end; at += *at == 1 ? 1 : at[1]) {
            g_autofree char *hex = *at == 30 ? to_hex(at, at[1]) : NULL;

            if (hex)
                g_string_append_printf(text, " %s", hex);
        }
        if (header->caplen > end - bytes)
            g_string_append_printf(text, " %.*s", (int)(header->caplen - (end - bytes)), end);
        g_string_append_c(text, '\n');
    }
    pcap_close(pcap);
    return g_string_free(text, FALSE);
}

/* A complete connection of a real stack with checksums on, rebuilt byte for byte. */
static void test_checksum_session(void)
{
    static const char *expected =
        "C 1e040181\n"
        "S 1e0c01810b31a610eb87d8da\n"
        "C 1e140181fb314264ac63127f0b31a610eb87d8da\n"
        "C 1e180181fb314264ac63127f0b31a610eb87d8da0005e7bc 01234\n"
        "S 1e0c200306988371df79185a\n"
        "C 1e18200dcc47b2a206988371df79185a000000060005e7b2 01234\n"
        "S 1e0c200306988371df79185f\n"
        "S 1e1c200f06988371df79185f70f7bd85cc47b2a200000001000785f6 0123456\n"
        "C 1e0c200370f7bd85cc47b2a2\n"
        "S 1e1c201f06988371df79185f70f7bd85cc47b2a90000000000015290\n"
        "C 1e0c200370f7bd85cc47b2aa\n"
        "C 1e1c201f70f7bd85cc47b2aa06988371df79185f0000000000017e1c\n"
        "S 1e0c200306988371df791860\n"
        "S 1e0c200306988371df791860\n"
        "C 1e0c200370f7bd85cc47b2aa\n"
        "S 1e0c200306988371df791860\n";
    g_autofree char *dir = g_dir_make_tmp("build_packet-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "session.pcap", NULL);
    PbNet *net = pb_net_open(path, PB_RAW, 0, 0);
    PbConn *conn = pb_conn(net, 1, 0xfb314264ac63127f, 0x0b31a610eb87d8da);
    PbFlow *flow = pb_flow(conn, PB_CLIENT, "192.0.2.1", 40000, "192.0.2.2", 80);

    conn->checksum = true;
    conn->timestamps = false;
    pb_open(flow);

    PbSpan first = pb_plan(flow, PB_CLIENT, 5);
    first.style = PB_MAP_CAPABLE;
    first.payload = (const uint8_t *)"01234";
    pb_transmit(first);
    pb_ack(flow, PB_SERVER);

    PbSpan second = pb_plan(flow, PB_CLIENT, 5);
    second.payload = (const uint8_t *)"01234";
    conn->ack_bytes[PB_CLIENT] = 4;
    pb_transmit(second);
    conn->ack_bytes[PB_CLIENT] = 8;
    pb_ack(flow, PB_SERVER);

    PbSpan answer = pb_plan(flow, PB_SERVER, 7);
    answer.payload = (const uint8_t *)"0123456";
    pb_transmit(answer);
    pb_ack_at(flow, PB_CLIENT, 8, 0); /* the DATA_ACK lags */
    pb_data_fin(flow, PB_SERVER);
    pb_ack(flow, PB_CLIENT);
    pb_data_fin(flow, PB_CLIENT);
    conn->received[PB_SERVER] = conn->next_offset[PB_CLIENT];
    pb_fin(flow, PB_SERVER);
    pb_ack(flow, PB_SERVER);
    pb_fin(flow, PB_CLIENT);
    pb_ack(flow, PB_SERVER);
    pb_net_close(net);

    g_autofree char *session = read_mptcp(path);

    g_assert_cmpstr(session, ==, expected);
    g_remove(path);
    g_rmdir(dir);
}

/* A join from the server: the token is of the client's key, the roles of the HMACs swap. */
static void test_server_join(void)
{
    static const char *expected = "C 1e040101\n"
                                  "S 1e0c010108090a0b0c0d0e0f\n"
                                  "C 1e140101000102030405060708090a0b0c0d0e0f\n"
                                  "S 1e0c10018a851ff8aabbccdd\n"
                                  "C 1e101000820537c6d14447d111223344\n"
                                  "S 1e18100034e0ca3a6df17d203299151173f71c50563d2534\n"
                                  "C 1e0c20039ac0c6c29ef61a06\n";
    g_autofree char *dir = g_dir_make_tmp("build_packet-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "join.pcap", NULL);
    PbNet *net = pb_net_open(path, PB_RAW, 0, 0);
    PbConn *conn = pb_conn(net, 1, KEY_A, KEY_B);
    PbFlow *initial = pb_flow(conn, PB_CLIENT, "192.0.2.1", 40000, "192.0.2.2", 80);
    PbFlow *join = pb_flow(conn, PB_SERVER, "192.0.2.1", 40001, "192.0.2.3", 80);

    conn->timestamps = false;
    join->nonce[PB_CLIENT] = 0x11223344;
    join->nonce[PB_SERVER] = 0xaabbccdd;
    pb_open(initial);
    pb_open(join);
    pb_net_close(net);

    g_autofree char *session = read_mptcp(path);

    g_assert_cmpstr(session, ==, expected);
    g_remove(path);
    g_rmdir(dir);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/build_packet/keys", test_keys);
    g_test_add_func("/build_packet/hmac", test_hmac);
    g_test_add_func("/build_packet/join", test_join);
    g_test_add_func("/build_packet/add_addr", test_add_addr);
    g_test_add_func("/build_packet/dss_checksum", test_dss_checksum);
    g_test_add_func("/build_packet/option_lengths", test_option_lengths);
    g_test_add_func("/build_packet/frame", test_frame);
    g_test_add_func("/build_packet/checksum_session", test_checksum_session);
    g_test_add_func("/build_packet/server_join", test_server_join);
    return g_test_run();
}
