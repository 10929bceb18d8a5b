/* decode.c - from the first link-layer byte to a segment: link, network, TCP. */
#include "decode/decode.h"
#include "decode/layers.h"

/* Link and network layer; leaves @layer at the TCP or ICMP header and fills the addresses of @out.
 */
static MpsDecoded decode_network(const MpsPacket *packet, MpsLayer *layer, MpsSegment *out)
{
    static const uint8_t nothing[1] = {0}; /* a packet without bytes may have no pointer either */
    const uint8_t *bytes = packet->captured_bytes > 0 ? packet->bytes : nothing;
    uint16_t ethertype;

    *layer = (MpsLayer){
        .c = {bytes, bytes + packet->captured_bytes, false},
        .uncaptured = packet->wire_bytes > packet->captured_bytes
                          ? packet->wire_bytes - packet->captured_bytes
                          : 0,
        .place = mps_mix(0, (uint64_t)packet->capture_id << 32 | packet->interface_id),
    };
    switch (packet->link_type) {
#define MPS_LINK(value, name, fn)                                                                  \
    case value:                                                                                    \
        ethertype = mps_link_##fn(layer);                                                          \
        break;
#include "decode/links.def"
#undef MPS_LINK
    default:
        return MPS_DECODED_LINK;
    }
    if (layer->c.short_read)
        return mps_layer_short(layer);
    if (ethertype == MPS_ETHERTYPE_IPV4)
        return mps_decode_ipv4(layer, out);
    if (ethertype == MPS_ETHERTYPE_IPV6)
        return mps_decode_ipv6(layer, out);
    return MPS_DECODED_OTHER;
}

MpsDecoded mps_decode_packet(const MpsPacket *packet, MpsSegment *out)
{
    MpsLayer layer;
    const MpsDecoded decoded = decode_network(packet, &layer, out);

    if (decoded != MPS_DECODED_TCP)
        return decoded;
    out->ts_ns = packet->ts_ns;
    out->packet = packet->number;
    out->capture_id = packet->capture_id;
    out->place = layer.place;
    return mps_decode_tcp(&layer, out);
}

bool mps_decode_icmp_error(const MpsPacket *packet, MpsIcmpError *out)
{
    MpsLayer layer;
    MpsSegment outer;

    if (decode_network(packet, &layer, &outer) != MPS_DECODED_ICMP)
        return false;
    out->ts_ns = packet->ts_ns;
    out->packet = packet->number;
    out->capture_id = packet->capture_id;
    return mps_decode_icmp(&layer, &outer, out);
}
