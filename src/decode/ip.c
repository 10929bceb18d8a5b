/* ip.c - IPv4 (RFC 791) and IPv6 with its extension headers (RFC 8200, RFC 4302), down to TCP. */
#include "decode/layers.h"

enum {
    PROTOCOL_HOP_BY_HOP = 0,
    PROTOCOL_ICMP = 1,
    PROTOCOL_TCP = 6,
    PROTOCOL_ROUTING = 43,
    PROTOCOL_FRAGMENT = 44,
    PROTOCOL_AUTHENTICATION = 51,
    PROTOCOL_ICMPV6 = 58,
    PROTOCOL_DESTINATION = 60,
};

/* More extension headers than this are refused as malformed. */
#define EXTENSIONS_MAX 16

enum { HEADER4_BYTES = 20, HEADER6_BYTES = 40, DATAGRAM_MAX = 65535 };

static void set_address(MpsAddress *out, const uint8_t *wire, uint8_t family)
{
    if (family == 4) {
        memcpy(out->bytes, wire, 4);
        memset(out->bytes + 4, 0, sizeof out->bytes - 4);
    } else {
        memcpy(out->bytes, wire, sizeof out->bytes);
    }
    out->family = family;
}

/* The length that the header at @wire_bytes from the end of its packet states, or what is there
 * instead.  0 is that of a segment still to be cut up (TSO), or of a jumbogram. */
static size_t believable(MpsLayer *layer, size_t stated_bytes, size_t wire_bytes)
{
    const size_t elsewhere = layer->elsewhere;

    layer->elsewhere = 0;
    if (G_LIKELY(stated_bytes <= wire_bytes + elsewhere && stated_bytes > 0))
        return stated_bytes;
    if (stated_bytes > 0)
        layer->damage |= MPS_DAMAGED(IP_BEYOND);
    return wire_bytes;
}

/* What stands behind an IP header, @layer is there. */
static MpsDecoded behind_ip(MpsLayer *layer, const MpsSegment *out, uint8_t protocol, uint8_t icmp)
{
    if (G_UNLIKELY(out->fragment.offset_bytes != 0)) {
        layer->protocol = -1;
        return protocol == PROTOCOL_TCP ? MPS_DECODED_FRAGMENT : MPS_DECODED_OTHER;
    }
    if (protocol == PROTOCOL_TCP)
        return MPS_DECODED_TCP;
    if (protocol == icmp)
        return MPS_DECODED_ICMP;
    layer->protocol = protocol;
    if (out->fragment.more)
        layer->elsewhere = DATAGRAM_MAX;
    return MPS_DECODED_OTHER;
}

/*   | version 4, header length / 4 | DSCP, ECN | total length: 2 | id: 2 | flags, offset / 8: 2
 *   | TTL | protocol | checksum: 2 | source: 4 | destination: 4 | options | */
MpsDecoded mps_decode_ipv4(MpsLayer *layer, MpsSegment *out)
{
    MpsCursor *c = &layer->c;
    const size_t wire_bytes = mps_layer_wire_bytes(layer);
    const uint8_t *const header = mps_take_bytes(c, HEADER4_BYTES);

    if (!header)
        return mps_layer_short(layer, MPS_DAMAGED(IP_CUT), MPS_DAMAGED(IP_SHORT));

    const size_t header_bytes = (header[0] & 0x0f) * 4u;
    const uint16_t fragment = mps_be16(header + 6);

    out->ip_id = mps_be16(header + 4);
    out->hop_limit = header[8];
    set_address(&out->src.address, header + 12, 4);
    set_address(&out->dst.address, header + 16, 4);
    if (header[0] >> 4 != 4 || header_bytes < HEADER4_BYTES)
        return mps_layer_malformed(layer, MPS_DAMAGED(IP_HEADER));

    const size_t total_bytes = believable(layer, mps_be16(header + 2), wire_bytes);

    if (total_bytes < header_bytes)
        return mps_layer_malformed(layer, MPS_DAMAGED(IP_LENGTH));
    mps_layer_limit(layer, total_bytes - HEADER4_BYTES);
    mps_cursor_skip(c, header_bytes - HEADER4_BYTES);
    if (c->short_read)
        return mps_layer_short(layer, MPS_DAMAGED(IP_CUT), MPS_DAMAGED(IP_SHORT));
    if (G_UNLIKELY(layer->verify))
        mps_verify_ipv4(layer, header, header_bytes);
    layer->place = mps_mix(layer->place, out->hop_limit);
    layer->routed = false;
    out->fragment =
        (MpsFragment){out->ip_id, (fragment & 0x1fffu) * 8u, (fragment & 0x2000) != 0, false};
    return behind_ip(layer, out, header[9], PROTOCOL_ICMP);
}

/* Follows the chain from @next to what is no extension header.
 *   most            | next header | length / 8 - 1 | ... |
 *   authentication  | next header | length / 4 - 2 | ... |
 *   fragment        | next header | reserved | offset, flags: 2 | id: 4 |
 * A later fragment ends it. */
static MpsDecoded skip_extensions(MpsLayer *layer, uint8_t next, MpsSegment *out)
{
    MpsCursor *c = &layer->c;
    uint16_t fragment;

    for (int depth = 0; depth < EXTENSIONS_MAX; depth++) {
        const uint8_t kind = next;
        size_t body_bytes;

        switch (kind) {
        case PROTOCOL_HOP_BY_HOP:
        case PROTOCOL_ROUTING:
        case PROTOCOL_DESTINATION:
            layer->routed |= kind == PROTOCOL_ROUTING;
            next = mps_take_u8(c);
            body_bytes = mps_take_u8(c) * 8u + 6;
            break;
        case PROTOCOL_AUTHENTICATION:
            next = mps_take_u8(c);
            body_bytes = mps_take_u8(c) * 4u + 6;
            break;
        case PROTOCOL_FRAGMENT:
            next = mps_take_u8(c);
            mps_cursor_skip(c, 1);
            fragment = mps_take_be16(c);
            out->fragment =
                (MpsFragment){mps_take_be32(c), fragment & 0xfff8u, (fragment & 1) != 0, false};
            body_bytes = 0;
            break;
        default:
            return behind_ip(layer, out, kind, PROTOCOL_ICMPV6);
        }
        if (body_bytes > mps_layer_wire_bytes(layer) && !c->short_read)
            return mps_layer_malformed(layer, MPS_DAMAGED(IP_EXTENSIONS));
        mps_cursor_skip(c, body_bytes);
        if (c->short_read)
            return mps_layer_short(layer, MPS_DAMAGED(IP_CUT), MPS_DAMAGED(IP_SHORT));
        if (out->fragment.offset_bytes != 0)
            return behind_ip(layer, out, next, PROTOCOL_ICMPV6);
    }
    return mps_layer_malformed(layer, MPS_DAMAGED(IP_EXTENSIONS));
}

/*   | version 6, class, flow label: 4 | payload length: 2 | next header | hop limit
 *   | source: 16 | destination: 16 | */
MpsDecoded mps_decode_ipv6(MpsLayer *layer, MpsSegment *out)
{
    MpsCursor *c = &layer->c;
    const uint8_t *const header = mps_take_bytes(c, HEADER6_BYTES);

    if (!header)
        return mps_layer_short(layer, MPS_DAMAGED(IP_CUT), MPS_DAMAGED(IP_SHORT));

    const uint8_t next = header[6];

    out->hop_limit = header[7];
    set_address(&out->src.address, header + 8, 6);
    set_address(&out->dst.address, header + 24, 6);
    if (header[0] >> 4 != 6)
        return mps_layer_malformed(layer, MPS_DAMAGED(IP_HEADER));
    mps_layer_limit(layer, believable(layer, mps_be16(header + 4), mps_layer_wire_bytes(layer)));
    out->ip_id = 0;
    out->fragment = (MpsFragment){0};
    layer->routed = false;
    layer->place = mps_mix(layer->place, out->hop_limit);
    return next == PROTOCOL_TCP ? MPS_DECODED_TCP : skip_extensions(layer, next, out);
}
