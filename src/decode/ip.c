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

static void take_address(MpsCursor *c, MpsAddress *out, uint8_t family)
{
    if (family == 4)
        memset(out->bytes, 0, sizeof out->bytes);
    mps_cursor_take(c, out->bytes, family == 4 ? 4 : 16);
    out->family = family;
}

/*   | version 4, header length / 4 | DSCP, ECN | total length: 2 | id: 2 | flags, offset / 8: 2
 *   | TTL | protocol | checksum: 2 | source: 4 | destination: 4 | options | */
MpsDecoded mps_decode_ipv4(MpsLayer *layer, MpsSegment *out)
{
    MpsCursor *c = &layer->c;
    const size_t wire_bytes = mps_layer_wire_bytes(layer);
    const uint8_t first = mps_take_u8(c);

    mps_cursor_skip(c, 1);

    size_t total_bytes = mps_take_be16(c);

    out->ip_id = mps_take_be16(c);

    const uint16_t fragment = mps_take_be16(c);
    const uint8_t ttl = mps_take_u8(c);
    const uint8_t protocol = mps_take_u8(c);

    mps_cursor_skip(c, 2);
    take_address(c, &out->src.address, 4);
    take_address(c, &out->dst.address, 4);
    if (c->short_read)
        return mps_layer_short(layer);

    const size_t header_bytes = (first & 0x0f) * 4u;

    if (total_bytes == 0 || total_bytes > wire_bytes)
        total_bytes = wire_bytes;
    if (first >> 4 != 4 || header_bytes < 20 || total_bytes < header_bytes)
        return MPS_DECODED_MALFORMED;
    if ((protocol != PROTOCOL_TCP && protocol != PROTOCOL_ICMP) || (fragment & 0x1fff) != 0)
        return MPS_DECODED_OTHER;
    mps_layer_limit(layer, total_bytes - 20);
    mps_cursor_skip(c, header_bytes - 20);
    if (c->short_read)
        return mps_layer_short(layer);
    layer->place = mps_mix(layer->place, ttl);
    return protocol == PROTOCOL_TCP ? MPS_DECODED_TCP : MPS_DECODED_ICMP;
}

/* Follows the chain from @next to TCP or ICMPv6.
 *   most            | next header | length / 8 - 1 | ... |
 *   authentication  | next header | length / 4 - 2 | ... |
 *   fragment        | next header | reserved | offset, flags: 2 | id: 4 | */
static MpsDecoded skip_extensions(MpsLayer *layer, uint8_t next)
{
    MpsCursor *c = &layer->c;

    for (int depth = 0; depth < EXTENSIONS_MAX; depth++) {
        const uint8_t kind = next;
        size_t body_bytes;

        switch (kind) {
        case PROTOCOL_TCP:
            return MPS_DECODED_TCP;
        case PROTOCOL_ICMPV6:
            return MPS_DECODED_ICMP;
        case PROTOCOL_HOP_BY_HOP:
        case PROTOCOL_ROUTING:
        case PROTOCOL_DESTINATION:
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
            if (mps_take_be16(c) >> 3 != 0)
                return MPS_DECODED_OTHER;
            body_bytes = 4;
            break;
        default:
            return MPS_DECODED_OTHER;
        }
        if (body_bytes > mps_layer_wire_bytes(layer) && !c->short_read)
            return MPS_DECODED_MALFORMED;
        mps_cursor_skip(c, body_bytes);
        if (c->short_read)
            return mps_layer_short(layer);
    }
    return MPS_DECODED_MALFORMED;
}

/*   | version 6, class, flow label: 4 | payload length: 2 | next header | hop limit
 *   | source: 16 | destination: 16 | */
MpsDecoded mps_decode_ipv6(MpsLayer *layer, MpsSegment *out)
{
    MpsCursor *c = &layer->c;
    const uint8_t first = mps_take_u8(c);

    mps_cursor_skip(c, 3);

    size_t payload_bytes = mps_take_be16(c);
    const uint8_t next = mps_take_u8(c);
    const uint8_t hop_limit = mps_take_u8(c);

    take_address(c, &out->src.address, 6);
    take_address(c, &out->dst.address, 6);
    if (c->short_read)
        return mps_layer_short(layer);
    if (first >> 4 != 6)
        return MPS_DECODED_MALFORMED;
    if (payload_bytes == 0 || payload_bytes > mps_layer_wire_bytes(layer))
        payload_bytes = mps_layer_wire_bytes(layer);
    mps_layer_limit(layer, payload_bytes);
    out->ip_id = 0;
    layer->place = mps_mix(layer->place, hop_limit);
    return next == PROTOCOL_TCP ? MPS_DECODED_TCP : skip_extensions(layer, next);
}
