/* decode.c - from the first link-layer byte to a segment: link, network, TCP. */
#include "decode/decode.h"
#include "decode/layers.h"

/* Takes off the link header; returns the ethertype of what follows, -1: link type not known. */
static int decode_link(int link_type, MpsLayer *layer)
{
    switch (link_type) {
#define MPS_LINK(value, name, fn)                                                                  \
    case value:                                                                                    \
        return mps_link_##fn(layer);
#include "decode/links.def"
#undef MPS_LINK
    default:
        return -1;
    }
}

/* Network layers and tunnels, from the outermost in; leaves @layer behind the innermost IP header,
 * and fills addresses, fragment and tunnels of @out. */
static MpsDecoded decode_layers(MpsLayer *layer, uint16_t ethertype, MpsSegment *out)
{
    for (;;) {
        MpsDecoded decoded = MPS_DECODED_OTHER;

        if (ethertype == MPS_ETHERTYPE_BRIDGED)
            ethertype = mps_link_ethernet(layer);
        if (layer->c.short_read)
            return mps_layer_short(layer, MPS_DAMAGED(LINK_CUT), MPS_DAMAGED(LINK_SHORT));
        if (ethertype == MPS_ETHERTYPE_IPV4)
            decoded = mps_decode_ipv4(layer, out);
        else if (ethertype == MPS_ETHERTYPE_IPV6)
            decoded = mps_decode_ipv6(layer, out);
        if (decoded == MPS_DECODED_OTHER)
            decoded = mps_decode_tunnel(layer, out, &ethertype);
        else
            return decoded;
        if (decoded != MPS_DECODED_TCP)
            return decoded;
    }
}

/* Leaves @layer at the TCP or ICMP header, and fills what is known before it. */
static MpsDecoded decode_network(const MpsPacket *packet, bool verify, MpsLayer *layer,
                                 MpsSegment *out)
{
    static const uint8_t nothing[1] = {0}; /* a packet without bytes may have no pointer either */
    const uint8_t *bytes = packet->captured_bytes > 0 ? packet->bytes : nothing;
    int ethertype;

    *layer = (MpsLayer){
        .c = {bytes, bytes + packet->captured_bytes, false},
        .uncaptured = packet->wire_bytes > packet->captured_bytes
                          ? packet->wire_bytes - packet->captured_bytes
                          : 0,
        .place = mps_mix(0, (uint64_t)packet->capture_id << 32 | packet->interface_id),
        .verify = verify,
    };
    if (G_UNLIKELY(packet->wire_bytes < packet->captured_bytes))
        layer->damage |= MPS_DAMAGED(WIRE_LENGTH);
    out->n_tunnels = 0;
    ethertype = decode_link(packet->link_type, layer);
    if (ethertype < 0)
        return MPS_DECODED_LINK;
    if (G_UNLIKELY(packet->wire_bytes == 0 && packet->captured_bytes == 0))
        return mps_layer_malformed(layer, MPS_DAMAGED(EMPTY));
    if (G_UNLIKELY(layer->damage & MPS_DAMAGED(TUNNEL_HEADER)))
        return MPS_DECODED_MALFORMED;
    return decode_layers(layer, (uint16_t)ethertype, out);
}

/* A later fragment: its payload, and whose it is. */
static void fill_fragment(const MpsLayer *layer, MpsSegment *out)
{
    out->payload = layer->c.at;
    out->captured_bytes = (uint32_t)mps_cursor_left(&layer->c);
    out->payload_bytes = (uint32_t)mps_layer_wire_bytes(layer);
}

static MpsDecoded decode_packet(const MpsPacket *packet, bool verify, MpsSegment *out)
{
    MpsLayer layer;
    MpsDecoded decoded = decode_network(packet, verify, &layer, out);

    out->ts_ns = packet->ts_ns;
    out->packet = packet->number;
    out->capture_id = packet->capture_id;
    out->interface_name = packet->interface_name;
    out->place = layer.place;
    if (decoded == MPS_DECODED_FRAGMENT)
        fill_fragment(&layer, out);
    if (decoded == MPS_DECODED_TCP) {
        if (verify)
            mps_verify_tcp(&layer, out);
        decoded = mps_decode_tcp(&layer, out);
    }
    out->damage = layer.damage;
    return decoded;
}

MpsDecoded mps_decode_packet(const MpsPacket *packet, MpsSegment *out)
{
    return decode_packet(packet, false, out);
}

MpsDecoded mps_decode_verified(const MpsPacket *packet, MpsSegment *out)
{
    return decode_packet(packet, true, out);
}

bool mps_decode_icmp_error(const MpsPacket *packet, MpsIcmpError *out)
{
    MpsLayer layer;
    MpsSegment outer;

    if (decode_network(packet, false, &layer, &outer) != MPS_DECODED_ICMP)
        return false;
    out->ts_ns = packet->ts_ns;
    out->packet = packet->number;
    out->capture_id = packet->capture_id;
    return mps_decode_icmp(&layer, &outer, out);
}
