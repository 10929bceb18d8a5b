/* build_tunnel.c - puts headers in front of a packet, from the inside out. */
#include "build_packet.h"

#include <string.h>

#include <glib.h>

enum { IPV4 = 0x0800, IPV6 = 0x86dd, BRIDGED = 0x6558 };

/* The packet so far: @wire bytes long, of which @kept are at @out; begins with a header of type
 * @ethertype. */
typedef struct {
    uint8_t *out;
    uint32_t out_bytes, kept, wire;
    uint16_t ethertype;
} Frame;

/* Makes room for @n_bytes of zeros in front and returns it. */
static uint8_t *prepend(Frame *frame, uint32_t n_bytes)
{
    g_assert(n_bytes <= frame->out_bytes);
    frame->kept = MIN(frame->kept, frame->out_bytes - n_bytes);
    memmove(frame->out + n_bytes, frame->out, frame->kept);
    memset(frame->out, 0, n_bytes);
    frame->kept += n_bytes;
    frame->wire += n_bytes;
    return frame->out;
}

static void put(uint8_t *at, uint32_t value, unsigned n_bytes)
{
    while (n_bytes-- > 0)
        *at++ = (uint8_t)(value >> 8 * n_bytes);
}

/* MAC addresses that nobody has. */
static void put_ethernet(Frame *frame)
{
    uint8_t *at = prepend(frame, 14);

    memcpy(at, "\x02\x00\x00\x00\x00\x02\x02\x00\x00\x00\x00\x01", 12);
    put(at + 12, frame->ethertype, 2);
    frame->ethertype = BRIDGED;
}

static void put_ip(Frame *frame, const PbTunnel *tunnel, bool backwards, uint8_t protocol)
{
    const MpsAddress src = pb_address(backwards ? tunnel->dst : tunnel->src);
    const MpsAddress dst = pb_address(backwards ? tunnel->src : tunnel->dst);
    const uint32_t bytes = frame->wire;
    uint32_t sum = 0;

    if (src.family == 6) {
        uint8_t *at = prepend(frame, 40);

        at[0] = 0x60;
        put(at + 4, bytes, 2);
        at[6] = protocol;
        at[7] = 64;
        memcpy(at + 8, src.bytes, 16);
        memcpy(at + 24, dst.bytes, 16);
        frame->ethertype = IPV6;
        return;
    }

    uint8_t *at = prepend(frame, 20);

    at[0] = 0x45;
    put(at + 2, bytes + 20, 2);
    at[8] = 64;
    at[9] = protocol;
    memcpy(at + 12, src.bytes, 4);
    memcpy(at + 16, dst.bytes, 4);
    for (int i = 0; i < 20; i += 2)
        sum += (uint32_t)(at[i] << 8 | at[i + 1]);
    sum = (sum & 0xffff) + (sum >> 16);
    put(at + 10, ~(sum + (sum >> 16)) & 0xffff, 2);
    frame->ethertype = IPV4;
}

/* Without checksum, as tunnels send it. */
static void put_udp(Frame *frame, const PbTunnel *tunnel, bool backwards, uint16_t port)
{
    uint8_t *at = prepend(frame, 8);

    put(at, 49152, 2);
    put(at + 2, port, 2);
    put(at + 4, frame->wire, 2);
    put_ip(frame, tunnel, backwards, 17);
}

static void put_ppp(Frame *frame)
{
    put(prepend(frame, 2), frame->ethertype == IPV4 ? 0x0021 : 0x0057, 2);
}

static void put_gre(Frame *frame, const PbTunnel *tunnel, bool backwards, uint16_t flags)
{
    const uint32_t key_bytes = flags & 0x2000 ? 4 : 0, sequence_bytes = flags & 0x1000 ? 4 : 0;
    uint8_t *at = prepend(frame, 4 + key_bytes + sequence_bytes);

    put(at, flags, 2);
    put(at + 2, frame->ethertype, 2);
    if (key_bytes)
        put(at + 4, tunnel->id, 4);
    put_ip(frame, tunnel, backwards, 47);
}

static void put_erspan(Frame *frame, const PbTunnel *tunnel, bool backwards)
{
    const bool third = tunnel->kind == PB_ERSPAN_3;
    uint8_t *at;

    if (frame->ethertype != BRIDGED)
        put_ethernet(frame);
    if (tunnel->kind == PB_ERSPAN_1) {
        frame->ethertype = 0x88be;
        put_gre(frame, tunnel, backwards, 0);
        return;
    }
    at = prepend(frame, third ? 12 + 8 : 8);
    put(at, third ? 0x2000 : 0x1000, 2);
    put(at + 2, tunnel->id, 2);
    if (third)
        at[11] = 1; /* O: a platform header */
    frame->ethertype = third ? 0x22eb : 0x88be;
    put_gre(frame, tunnel, backwards, 0x1000);
}

static void wrap(Frame *frame, const PbTunnel *tunnel, bool backwards)
{
    uint8_t *at;
    uint32_t inner = frame->wire;

    switch (tunnel->kind) {
    case PB_VLAN:
        at = prepend(frame, 4);
        put(at, tunnel->id, 2);
        put(at + 2, frame->ethertype, 2);
        frame->ethertype = 0x8100;
        return;
    case PB_PPPOE:
        put_ppp(frame);
        inner = frame->wire;
        at = prepend(frame, 6);
        at[0] = 0x11;
        put(at + 2, tunnel->id, 2);
        put(at + 4, inner, 2);
        frame->ethertype = 0x8864;
        return;
    case PB_MPLS:
        put(prepend(frame, 4), tunnel->id << 12 | 0x100 | 64, 4);
        put(prepend(frame, 4), 99 << 12 | 64, 4); /* the way there */
        frame->ethertype = 0x8847;
        return;
    case PB_MPLS_ETHERNET:
        if (frame->ethertype != BRIDGED)
            put_ethernet(frame);
        (void)prepend(frame, 4); /* control word */
        put(prepend(frame, 4), tunnel->id << 12 | 0x100 | 64, 4);
        frame->ethertype = 0x8847;
        return;
    case PB_GRE:
        put_gre(frame, tunnel, backwards, tunnel->id ? 0x2000 : 0);
        return;
    case PB_GRE_ETHERNET:
        if (frame->ethertype != BRIDGED)
            put_ethernet(frame);
        put_gre(frame, tunnel, backwards, 0x2000);
        return;
    case PB_PPTP:
        put_ppp(frame);
        inner = frame->wire;
        at = prepend(frame, 12);
        put(at, 0x3001, 2);
        put(at + 2, 0x880b, 2);
        put(at + 4, inner, 2);
        put(at + 6, tunnel->id, 2);
        put_ip(frame, tunnel, backwards, 47);
        return;
    case PB_IP:
        put_ip(frame, tunnel, backwards, frame->ethertype == IPV4 ? 4 : 41);
        return;
    case PB_VXLAN:
        if (frame->ethertype != BRIDGED)
            put_ethernet(frame);
        at = prepend(frame, 8);
        at[0] = 0x08;
        put(at + 4, tunnel->id, 3);
        put_udp(frame, tunnel, backwards, 4789);
        return;
    case PB_GENEVE:
        at = prepend(frame, 16);
        at[0] = 2; /* eight bytes of options: one of four */
        put(at + 2, frame->ethertype, 2);
        put(at + 4, tunnel->id, 3);
        put(at + 8, 0x01020301, 4);
        put_udp(frame, tunnel, backwards, 6081);
        return;
    case PB_GTPU:
        at = prepend(frame, 16);
        at[0] = 0x34; /* E: a PDU session container, TS 38.415 */
        at[1] = 255;
        put(at + 2, inner + 8, 2);
        put(at + 4, tunnel->id, 4);
        at[11] = 0x85;
        at[12] = 1;
        at[14] = 9;
        put_udp(frame, tunnel, backwards, 2152);
        return;
    case PB_ERSPAN_1:
    case PB_ERSPAN_2:
    case PB_ERSPAN_3:
        put_erspan(frame, tunnel, backwards);
        return;
    }
    g_assert_not_reached();
}

/* QoS data to the distribution system, LLC within. */
static void put_80211(Frame *frame, bool radiotap)
{
    uint8_t *at = prepend(frame, 8);

    memcpy(at, "\xaa\xaa\x03\x00\x00\x00", 6);
    put(at + 6, frame->ethertype, 2);
    if (radiotap)
        (void)prepend(frame, 2); /* pads the header of 26 bytes */
    at = prepend(frame, 26);
    at[0] = 0x88;
    at[1] = 0x01;
    memcpy(at + 4, "\x02\x00\x00\x00\x00\x03\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02", 18);
    if (!radiotap)
        return;
    at = prepend(frame, 28);
    at[2] = 28;
    at[4] = 0x03;  /* time stamp, which is aligned to eight bytes, and flags; */
    at[7] = 0x80;  /* another word of fields, none of them there */
    at[24] = 0x20; /* the header is padded */
}

uint32_t pb_wrap(PbLink link, const PbPacket *packet, uint8_t *out, uint32_t out_bytes,
                 uint32_t kept, uint32_t *wire_bytes)
{
    Frame frame = {out, out_bytes, kept, *wire_bytes,
                   packet->src.address.family == 4 ? IPV4 : IPV6};

    for (unsigned i = packet->n_tunnels; i-- > 0;)
        wrap(&frame, &packet->tunnels[i], packet->backwards);
    if (link == PB_ETHERNET && frame.ethertype != BRIDGED)
        put_ethernet(&frame);
    if (link == PB_80211 || link == PB_RADIOTAP)
        put_80211(&frame, link == PB_RADIOTAP);
    *wire_bytes = frame.wire;
    return frame.kept;
}
