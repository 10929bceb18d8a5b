/* test_tunnels.c - packets in encapsulations, whole, cut, lying and too deep; fragments, checksums,
 * and what is called damage. */
#include <string.h>

#include <glib.h>

#include "../support/build_packet.h"
#include "decode/decode.h"
#include "pipeline/damage.h"
#include "pipeline/fragments.h"

#define ENDS  "10.9.0.1", "10.9.0.2"
#define ENDS6 "fd00::1", "fd00::2"

enum { PAYLOAD_BYTES = 100, FRAME_MAX = 1000 };

typedef struct {
    const char *name;
    PbLink link;
    PbTunnel tunnels[MPS_TUNNELS_MAX + 1];
    unsigned n;
    const char *seen; /* name and id of each */
} Case;

static const Case cases[] = {
    {"80211", PB_80211, {{0}}, 0, ""},
    {"radiotap", PB_RADIOTAP, {{0}}, 0, ""},
    {"qinq", PB_ETHERNET, {{PB_VLAN, 5, 0, 0}, {PB_VLAN, 6, 0, 0}}, 2, ""},
    {"pppoe", PB_ETHERNET, {{PB_PPPOE, 17, 0, 0}}, 1, "pppoe 17 "},
    {"mpls", PB_ETHERNET, {{PB_MPLS, 1000, 0, 0}}, 1, "mpls 1000 "},
    {"mpls-ethernet", PB_ETHERNET, {{PB_MPLS_ETHERNET, 7, 0, 0}}, 1, "mpls 7 "},
    {"gre", PB_RAW, {{PB_GRE, 0, ENDS}}, 1, "gre - "},
    {"gre-key", PB_RAW, {{PB_GRE, 7, ENDS6}}, 1, "gre 7 "},
    {"gre-ethernet", PB_RAW, {{PB_GRE_ETHERNET, 8, ENDS}}, 1, "gre 8 "},
    {"pptp", PB_RAW, {{PB_PPTP, 9, ENDS}}, 1, "gre 9 "},
    {"ipip", PB_RAW, {{PB_IP, 0, ENDS}}, 1, "ipip - "},
    {"4in6", PB_RAW, {{PB_IP, 0, ENDS6}}, 1, "ipip - "},
    {"vxlan", PB_ETHERNET, {{PB_VXLAN, 42, ENDS}}, 1, "vxlan 42 "},
    {"geneve", PB_ETHERNET, {{PB_GENEVE, 43, ENDS}}, 1, "geneve 43 "},
    {"gtpu", PB_RAW, {{PB_GTPU, 4711, ENDS}}, 1, "gtpu 4711 "},
    {"erspan-1", PB_RAW, {{PB_ERSPAN_1, 0, ENDS}}, 1, "gre - "},
    {"erspan-2", PB_RAW, {{PB_ERSPAN_2, 3, ENDS}}, 1, "gre - erspan 3 "},
    {"erspan-3", PB_RAW, {{PB_ERSPAN_3, 4, ENDS}}, 1, "gre - erspan 4 "},
    {"vlan-in-vxlan", PB_RAW, {{PB_VXLAN, 1, ENDS}, {PB_VLAN, 5, 0, 0}}, 2, NULL},
    {"three",
     PB_ETHERNET,
     {{PB_MPLS, 20, 0, 0}, {PB_VXLAN, 42, ENDS}, {PB_GTPU, 5, ENDS6}},
     3,
     "mpls 20 vxlan 42 gtpu 5 "},
};

typedef struct {
    uint8_t bytes[FRAME_MAX];
    uint32_t n_bytes;
} Frame;

static Frame frame_of(PbLink link, const PbTunnel *tunnels, unsigned n, bool ip6)
{
    static const uint8_t payload[PAYLOAD_BYTES] = "what the application sent";
    Frame frame;
    uint32_t wire_bytes;
    const PbPacket packet = {
        .src = pb_endpoint(ip6 ? "2001:db8::1" : "192.0.2.1", 1000),
        .dst = pb_endpoint(ip6 ? "2001:db8::2" : "192.0.2.2", 2000),
        .seq = 0x11223344,
        .ack = 0x55667788,
        .flags = MPS_TCP_ACK | MPS_TCP_FIN,
        .ttl = 64,
        .ip_id = 0x1234,
        .options = {{0x1e, 8, 0x20, 1, 0xdf, 0x79, 0x18, 0x5a}, 8},
        .payload = payload,
        .payload_bytes = sizeof payload,
        .tunnels = tunnels,
        .n_tunnels = n,
    };

    frame.n_bytes = pb_frame(link, &packet, frame.bytes, sizeof frame.bytes, &wire_bytes);
    g_assert_cmpuint(frame.n_bytes, ==, wire_bytes);
    return frame;
}

/* Decodes from a block of its own, so that a sanitizer sees any overread. */
static MpsDecoded decode(int link, const uint8_t *bytes, size_t captured, size_t wire, bool verify,
                         MpsSegment *out)
{
    g_autofree uint8_t *own = g_memdup2(bytes, captured);
    const MpsPacket packet = {.ts_ns = 42,
                              .number = 7,
                              .capture_id = 1,
                              .link_type = link,
                              .wire_bytes = (uint32_t)wire,
                              .captured_bytes = (uint32_t)captured,
                              .bytes = own};
    MpsDecoded decoded;

    memset(out, 0xaa, sizeof *out);
    decoded = verify ? mps_decode_verified(&packet, out) : mps_decode_packet(&packet, out);
    out->payload = NULL; /* gone with its block */
    return decoded;
}

static char *in_words(const MpsSegment *segment)
{
    GString *out = g_string_new(NULL);

    for (unsigned i = 0; i < segment->n_tunnels; i++)
        if (segment->tunnel[i].has_id)
            g_string_append_printf(out, "%s %u ", segment->tunnel[i].name, segment->tunnel[i].id);
        else
            g_string_append_printf(out, "%s - ", segment->tunnel[i].name);
    return g_string_free(out, FALSE);
}

static void check(const Case *row, bool ip6)
{
    const Frame frame = frame_of(row->link, row->tunnels, row->n, ip6);
    g_autofree char *words = NULL;
    MpsSegment whole, cut;

    g_assert_cmpint(decode(row->link, frame.bytes, frame.n_bytes, frame.n_bytes, true, &whole), ==,
                    MPS_DECODED_TCP);
    words = in_words(&whole);
    if (row->seen && !(ip6 && strstr(row->seen, "ipip")))
        g_assert_cmpstr(words, ==, row->seen);
    g_assert_cmphex(whole.damage, ==, 0);
    g_assert_cmpuint(whole.payload_bytes, ==, PAYLOAD_BYTES);
    g_assert_cmpuint(whole.src.port, ==, 1000);
    g_assert_cmpuint(whole.n_mptcp, ==, 1);
    g_assert_cmpuint(whole.src.address.family, ==, ip6 ? 6 : 4);
    /* The inner packet is what is told apart, not the way it came. */
    g_assert_cmphex(whole.print, ==, ({
                        const Frame bare = frame_of(PB_RAW, NULL, 0, ip6);
                        MpsSegment s;

                        decode(PB_RAW, bare.bytes, bare.n_bytes, bare.n_bytes, false, &s);
                        s.print;
                    }));
    for (uint32_t n = 0; n < frame.n_bytes; n++) {
        MpsDecoded decoded = decode(row->link, frame.bytes, n, frame.n_bytes, true, &cut);
        const uint32_t tcp = frame.n_bytes - PAYLOAD_BYTES - 28;

        /* By the snapshot length: never another payload. */
        g_assert_cmpint(decoded, ==, n < tcp + 20 ? MPS_DECODED_TRUNCATED : MPS_DECODED_TCP);
        g_assert_cmphex(cut.damage, !=, 0);
        if (decoded == MPS_DECODED_TCP) {
            g_assert_cmpuint(cut.payload_bytes, ==, PAYLOAD_BYTES);
            g_assert_cmphex(cut.damage & MPS_DAMAGED(CHECKSUM_UNSEEN), !=, 0);
        }
        /* The packet itself: lengths lie, and that is said. */
        decoded = decode(row->link, frame.bytes, n, n, false, &cut);
        g_assert_cmphex(cut.damage, !=, 0);
        if (decoded == MPS_DECODED_TCP)
            g_assert_cmpuint(cut.payload_bytes, <=, PAYLOAD_BYTES);
    }
}

static void test_case(gconstpointer data)
{
    check(data, false);
    check(data, true);
}

/* Where the tunnel's ends are, and that places differ by id. */
static void test_values(void)
{
    static const PbTunnel one = {PB_VXLAN, 42, ENDS}, two = {PB_VXLAN, 43, ENDS};
    const Frame a = frame_of(PB_ETHERNET, &one, 1, false),
                b = frame_of(PB_ETHERNET, &two, 1, false);
    MpsSegment s, t;

    decode(1, a.bytes, a.n_bytes, a.n_bytes, false, &s);
    decode(1, b.bytes, b.n_bytes, b.n_bytes, false, &t);
    g_assert_cmpuint(s.tunnel[0].src.family, ==, 4);
    g_assert_cmpuint(s.tunnel[0].src.bytes[3], ==, 1);
    g_assert_cmpuint(s.tunnel[0].dst.bytes[3], ==, 2);
    g_assert_cmphex(s.place, !=, t.place);
    g_assert_cmphex(s.print, ==, t.print);
}

static void test_depth(void)
{
    PbTunnel tunnels[MPS_TUNNELS_MAX + 1];
    MpsSegment s;

    for (unsigned n = 0; n <= MPS_TUNNELS_MAX + 1; n++) {
        const Frame frame = frame_of(PB_RAW, tunnels, n, false);
        const bool followed = n <= MPS_TUNNELS_MAX;

        g_assert_cmpint(decode(PB_RAW, frame.bytes, frame.n_bytes, frame.n_bytes, false, &s), ==,
                        followed ? MPS_DECODED_TCP : MPS_DECODED_MALFORMED);
        g_assert_cmphex(s.damage, ==, followed ? 0 : MPS_DAMAGED(TUNNEL_DEPTH));
        if (n <= MPS_TUNNELS_MAX)
            tunnels[n] = (PbTunnel){PB_IP, 0, ENDS};
    }
}

/* One byte of a packet changed: what becomes of it, and its damage. */
static const struct {
    const char *name;
    PbLink link;
    PbTunnel tunnel;
    bool has_tunnel;
    unsigned at;
    uint8_t value;
    MpsDecoded decoded;
    uint64_t damage;
} lies[] = {
    {"ip4 version", PB_RAW, {0}, false, 0, 0x55, MPS_DECODED_OTHER, 0},
    {"ip4 version behind ethernet",
     PB_ETHERNET,
     {0},
     false,
     14,
     0x55,
     MPS_DECODED_MALFORMED,
     MPS_DAMAGED(IP_HEADER)},
    {"ip4 header length",
     PB_RAW,
     {0},
     false,
     0,
     0x44,
     MPS_DECODED_MALFORMED,
     MPS_DAMAGED(IP_HEADER)},
    {"ip4 length beyond", PB_RAW, {0}, false, 2, 0x10, MPS_DECODED_TCP, MPS_DAMAGED(IP_BEYOND)},
    {"ip4 length too small",
     PB_RAW,
     {0},
     false,
     3,
     19,
     MPS_DECODED_MALFORMED,
     MPS_DAMAGED(IP_LENGTH)},
    {"ip4 length within TCP",
     PB_RAW,
     {0},
     false,
     3,
     39,
     MPS_DECODED_MALFORMED,
     MPS_DAMAGED(TCP_SHORT)},
    {"tcp header length small",
     PB_RAW,
     {0},
     false,
     32,
     0x40,
     MPS_DECODED_MALFORMED,
     MPS_DAMAGED(TCP_HEADER)},
    {"tcp option length 0",
     PB_RAW,
     {0},
     false,
     41,
     0,
     MPS_DECODED_TCP,
     MPS_DAMAGED(OPTIONS_LENGTH) | MPS_DAMAGED(MPTCP_OPTION)},
    {"tcp option length beyond",
     PB_RAW,
     {0},
     false,
     41,
     200,
     MPS_DECODED_TCP,
     MPS_DAMAGED(OPTIONS_LENGTH) | MPS_DAMAGED(MPTCP_OPTION)},
    {"mptcp option length",
     PB_RAW,
     {0},
     false,
     43,
     0x0d,
     MPS_DECODED_TCP,
     MPS_DAMAGED(MPTCP_OPTION)},
    {"pppoe version",
     PB_ETHERNET,
     {PB_PPPOE, 1, 0, 0},
     true,
     14,
     0x21,
     MPS_DECODED_MALFORMED,
     MPS_DAMAGED(TUNNEL_HEADER)},
    {"pppoe discovery", PB_ETHERNET, {PB_PPPOE, 1, 0, 0}, true, 15, 0x09, MPS_DECODED_OTHER, 0},
    {"pppoe length",
     PB_ETHERNET,
     {PB_PPPOE, 1, 0, 0},
     true,
     18,
     0x10,
     MPS_DECODED_MALFORMED,
     MPS_DAMAGED(TUNNEL_HEADER)},
    {"gre source routing", PB_RAW, {PB_GRE, 0, ENDS}, true, 20, 0x40, MPS_DECODED_OTHER, 0},
    {"gre version", PB_RAW, {PB_GRE, 0, ENDS}, true, 21, 2, MPS_DECODED_OTHER, 0},
    {"vxlan without vni", PB_RAW, {PB_VXLAN, 1, ENDS}, true, 28, 0, MPS_DECODED_OTHER, 0},
    {"udp length",
     PB_RAW,
     {PB_VXLAN, 1, ENDS},
     true,
     25,
     7,
     MPS_DECODED_MALFORMED,
     MPS_DAMAGED(TUNNEL_HEADER)},
    {"geneve version", PB_RAW, {PB_GENEVE, 1, ENDS}, true, 28, 0x42, MPS_DECODED_OTHER, 0},
    {"geneve options beyond",
     PB_RAW,
     {PB_GENEVE, 1, ENDS},
     true,
     28,
     0x3f,
     MPS_DECODED_MALFORMED,
     MPS_DAMAGED(LINK_SHORT)},
    {"gtpu echo", PB_RAW, {PB_GTPU, 1, ENDS}, true, 29, 1, MPS_DECODED_OTHER, 0},
    {"gtpu extension of length 0",
     PB_RAW,
     {PB_GTPU, 1, ENDS},
     true,
     40,
     0,
     MPS_DECODED_MALFORMED,
     MPS_DAMAGED(TUNNEL_HEADER)},
    {"erspan version", PB_RAW, {PB_ERSPAN_2, 1, ENDS}, true, 28, 0x30, MPS_DECODED_OTHER, 0},
    {"80211 encrypted", PB_80211, {0}, false, 1, 0x41, MPS_DECODED_OTHER, 0},
    {"80211 null data", PB_80211, {0}, false, 0, 0xc8, MPS_DECODED_OTHER, 0},
    {"80211 beacon", PB_80211, {0}, false, 0, 0x80, MPS_DECODED_OTHER, 0},
    {"80211 later fragment", PB_80211, {0}, false, 22, 1, MPS_DECODED_OTHER, 0},
    {"80211 aggregate", PB_80211, {0}, false, 24, 0x80, MPS_DECODED_OTHER, MPS_DAMAGED(AMSDU)},
    {"80211 retry", PB_80211, {0}, false, 1, 0x09, MPS_DECODED_TCP, 0},
    {"radiotap bad frame",
     PB_RADIOTAP,
     {0},
     false,
     24,
     0x60,
     MPS_DECODED_OTHER,
     MPS_DAMAGED(BAD_FRAME)},
    {"radiotap length short",
     PB_RADIOTAP,
     {0},
     false,
     2,
     8,
     MPS_DECODED_MALFORMED,
     MPS_DAMAGED(TUNNEL_HEADER)},
    {"radiotap length beyond",
     PB_RADIOTAP,
     {0},
     false,
     3,
     0x40,
     MPS_DECODED_MALFORMED,
     MPS_DAMAGED(LINK_SHORT)},
};

static void test_lies(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(lies); i++) {
        Frame frame = frame_of(lies[i].link, &lies[i].tunnel, lies[i].has_tunnel, false);
        MpsSegment s;

        g_test_message("%s", lies[i].name);
        frame.bytes[lies[i].at] = lies[i].value;
        g_assert_cmpint(decode(lies[i].link, frame.bytes, frame.n_bytes, frame.n_bytes, false, &s),
                        ==, lies[i].decoded);
        g_assert_cmphex(s.damage, ==, lies[i].damage);
    }
}

/* Labels without a bottom; nothing at all; more bytes than were on the wire. */
static void test_hostile(void)
{
    uint8_t labels[200] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x88, 0x47};
    const Frame frame = frame_of(PB_RAW, NULL, 0, false);
    MpsSegment s;

    g_assert_cmpint(decode(1, labels, sizeof labels, sizeof labels, false, &s), ==,
                    MPS_DECODED_MALFORMED);
    g_assert_cmphex(s.damage, ==, MPS_DAMAGED(TUNNEL_HEADER));
    g_assert_cmpint(decode(1, NULL, 0, 0, false, &s), ==, MPS_DECODED_MALFORMED);
    g_assert_cmphex(s.damage, ==, MPS_DAMAGED(EMPTY));
    g_assert_cmpint(decode(PB_RAW, frame.bytes, frame.n_bytes, 20, false, &s), ==, MPS_DECODED_TCP);
    g_assert_cmphex(s.damage, ==, MPS_DAMAGED(WIRE_LENGTH));
}

/* ---- checksums ---- */

static uint64_t verified(const Frame *frame)
{
    MpsSegment s;

    g_assert_cmpint(decode(PB_RAW, frame->bytes, frame->n_bytes, frame->n_bytes, true, &s), ==,
                    MPS_DECODED_TCP);
    return s.damage;
}

/* The sum of the pseudo header, as Linux hands it to the network card; 0 stands for TSO. */
static uint16_t partial(const Frame *frame, unsigned tcp_bytes)
{
    uint32_t sum = 6 + tcp_bytes;

    for (int i = 12; i < 20; i += 2)
        sum += (uint32_t)(frame->bytes[i] << 8 | frame->bytes[i + 1]);
    return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

static void test_checksums(void)
{
    for (int ip6 = 0; ip6 < 2; ip6++) {
        const Frame good = frame_of(PB_RAW, NULL, 0, ip6);
        Frame bad = good;

        g_assert_cmphex(verified(&good), ==, 0);
        bad.bytes[good.n_bytes - 1] ^= 1;
        g_assert_cmphex(verified(&bad), ==, MPS_DAMAGED(TCP_CHECKSUM));
    }

    static const PbTunnel tunnel = {PB_IP, 0, ENDS};
    const Frame good = frame_of(PB_RAW, NULL, 0, false);
    const unsigned tcp_bytes = good.n_bytes - 20;
    Frame bad = good;

    bad.bytes[8]--; /* TTL */
    g_assert_cmphex(verified(&bad), ==, MPS_DAMAGED(IP_CHECKSUM));
    bad.bytes[10] = bad.bytes[11] = 0;
    g_assert_cmphex(verified(&bad), ==, MPS_DAMAGED(CHECKSUM_OFFLOADED));
    for (int tso = 0; tso < 2; tso++) {
        const uint16_t sum = partial(&good, tso ? 0 : tcp_bytes);

        bad = good;
        bad.bytes[36] = (uint8_t)(sum >> 8);
        bad.bytes[37] = (uint8_t)sum;
        g_assert_cmphex(verified(&bad), ==, MPS_DAMAGED(CHECKSUM_OFFLOADED));
    }
    bad.bytes[36] = bad.bytes[37] = 0;
    g_assert_cmphex(verified(&bad), ==, MPS_DAMAGED(CHECKSUM_OFFLOADED));
    bad = frame_of(PB_RAW, &tunnel, 1, false);
    bad.bytes[8]--; /* of the outer header */
    g_assert_cmphex(verified(&bad), ==, MPS_DAMAGED(IP_CHECKSUM));
    bad = good; /* not asked for */
    bad.bytes[8]--;

    MpsSegment s;

    decode(PB_RAW, bad.bytes, bad.n_bytes, bad.n_bytes, false, &s);
    g_assert_cmphex(s.damage, ==, 0);
}

/* ---- fragments ---- */

/* Bytes @from to @to behind the IP header of @whole. */
static Frame fragment_of(const Frame *whole, unsigned from, unsigned to)
{
    Frame out = *whole;
    const unsigned end = whole->n_bytes - 20;

    to = MIN(to, end);
    memcpy(out.bytes + 20, whole->bytes + 20 + from, to - from);
    out.n_bytes = 20 + to - from;
    out.bytes[2] = 0;
    out.bytes[3] = (uint8_t)out.n_bytes;
    out.bytes[6] = (uint8_t)((to < end ? 0x20 : 0) | from >> 11);
    out.bytes[7] = (uint8_t)(from >> 3);
    return out;
}

static void test_fragments(void)
{
    g_autoptr(MpsFragments) fragments = mps_fragments_new();
    const Frame whole = frame_of(PB_RAW, NULL, 0, false);
    const Frame a = fragment_of(&whole, 0, 64), b = fragment_of(&whole, 64, 96);
    const Frame c = fragment_of(&whole, 96, 1000), in_header = fragment_of(&whole, 8, 64);
    MpsSegment s;

    g_assert_cmpint(decode(PB_RAW, b.bytes, b.n_bytes, b.n_bytes, false, &s), ==,
                    MPS_DECODED_FRAGMENT);
    g_assert_false(mps_fragments_later(fragments, &s)); /* before its first */
    g_assert_cmpint(decode(PB_RAW, a.bytes, a.n_bytes, a.n_bytes, true, &s), ==, MPS_DECODED_TCP);
    g_assert_true(s.fragment.more && s.fragment.fin && !(s.flags & MPS_TCP_FIN));
    g_assert_cmphex(s.damage & MPS_DAMAGED(CHECKSUM_UNSEEN), !=, 0);
    g_assert_cmpuint(s.payload_bytes, ==, 64 - 28);
    mps_fragments_first(fragments, &s);
    decode(PB_RAW, b.bytes, b.n_bytes, b.n_bytes, false, &s);
    g_assert_true(mps_fragments_later(fragments, &s));
    g_assert_cmpuint(s.src.port, ==, 1000);
    g_assert_cmphex(s.seq, ==, 0x11223344 + 64 - 28);
    g_assert_cmpuint(s.payload_bytes, ==, 32);
    g_assert_cmphex(s.flags, ==, MPS_TCP_ACK);
    g_assert_true(s.options_cut && s.n_mptcp == 0);
    decode(PB_RAW, c.bytes, c.n_bytes, c.n_bytes, false, &s);
    g_assert_true(mps_fragments_later(fragments, &s));
    g_assert_cmphex(s.seq, ==, 0x11223344 + 96 - 28);
    g_assert_cmpuint(s.payload_bytes, ==, PAYLOAD_BYTES - (96 - 28));
    g_assert_cmphex(s.flags, ==, MPS_TCP_ACK | MPS_TCP_FIN);
    /* One that would overwrite the TCP header (RFC 1858) is not believed. */
    g_assert_cmpint(
        decode(PB_RAW, in_header.bytes, in_header.n_bytes, in_header.n_bytes, false, &s), ==,
        MPS_DECODED_FRAGMENT);
    g_assert_false(mps_fragments_later(fragments, &s));
    /* Half a minute later the identification means another datagram. */
    decode(PB_RAW, c.bytes, c.n_bytes, c.n_bytes, false, &s);
    s.ts_ns += INT64_C(31000000000);
    g_assert_false(mps_fragments_later(fragments, &s));
}

/* Of a tunnel packet in fragments, the first tells all. */
static void test_tunnel_fragment(void)
{
    static const PbTunnel tunnel = {PB_VXLAN, 1, ENDS};
    const Frame whole = frame_of(PB_RAW, &tunnel, 1, false);
    const Frame first = fragment_of(&whole, 0, 128), second = fragment_of(&whole, 128, 1000);
    MpsSegment s;

    g_assert_cmpint(decode(PB_RAW, first.bytes, first.n_bytes, first.n_bytes, false, &s), ==,
                    MPS_DECODED_TCP);
    g_assert_cmpuint(s.payload_bytes, ==, PAYLOAD_BYTES);
    g_assert_cmphex(s.damage, ==, 0);
    g_assert_cmpint(decode(PB_RAW, second.bytes, second.n_bytes, second.n_bytes, false, &s), ==,
                    MPS_DECODED_OTHER);
}

/* ---- order and time ---- */

static void test_order(void)
{
    static const int64_t day_ns = INT64_C(86400000000000);
    static const struct {
        uint64_t number;
        int64_t ts_ns;
    } packets[] = {{1, 100},
                   {3, 200},
                   {2, 300},
                   {4, 250},
                   {5, 301},
                   {6, 301 + day_ns},
                   {7, 302 + 2 * day_ns},
                   {8, INT64_MAX}};
    MpsDamages damages = {0};

    for (size_t i = 0; i < G_N_ELEMENTS(packets); i++) {
        const MpsPacket packet = {.number = packets[i].number, .ts_ns = packets[i].ts_ns};

        mps_damages_order(&damages, &packet);
    }
    g_assert_cmpuint(damages.of[MPS_DAMAGE_BACKWARDS].packets, ==, 1);
    g_assert_cmpuint(damages.of[MPS_DAMAGE_BACKWARDS].first_packet, ==, 2);
    g_assert_cmpuint(damages.of[MPS_DAMAGE_DISORDER].packets, ==, 1);
    g_assert_cmpuint(damages.of[MPS_DAMAGE_DISORDER].first_packet, ==, 4);
    g_assert_cmpuint(damages.of[MPS_DAMAGE_JUMP].packets, ==, 2);
    g_assert_cmpuint(damages.of[MPS_DAMAGE_JUMP].first_packet, ==, 7);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_set_nonfatal_assertions();
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strdup_printf("/tunnels/%s", cases[i].name);

        g_test_add_data_func(path, &cases[i], test_case);
    }
    g_test_add_func("/tunnels/values", test_values);
    g_test_add_func("/tunnels/depth", test_depth);
    g_test_add_func("/tunnels/lies", test_lies);
    g_test_add_func("/tunnels/hostile", test_hostile);
    g_test_add_func("/tunnels/checksums", test_checksums);
    g_test_add_func("/tunnels/fragments", test_fragments);
    g_test_add_func("/tunnels/tunnel-fragment", test_tunnel_fragment);
    g_test_add_func("/tunnels/order", test_order);
    return g_test_run();
}
