/* tunnel.c - finds the encapsulation behind an ethertype, an IP protocol or a UDP port. */
#include "decode/layers.h"

enum { PROTOCOL_UDP = 17, UDP_HEADER_BYTES = 8 };

typedef enum { ETHERTYPE, PROTOCOL, UDP_PORT } Space;

static const struct {
    Space space;
    int value;
    const char *name;
    uint16_t (*decode)(MpsLayer *layer, MpsTunnel *out);
} tunnels[] = {
#define MPS_TUNNEL(space, value, name, fn) {space, value, name, mps_tunnel_##fn},
#include "decode/tunnels.def"
#undef MPS_TUNNEL
};

/* Index of a tunnel, -1: none. */
static int find(Space space, int value)
{
    for (size_t i = 0; i < G_N_ELEMENTS(tunnels); i++)
        if (tunnels[i].space == space && tunnels[i].value == value)
            return (int)i;
    return -1;
}

/* UDP (RFC 768): | source port: 2 | destination port: 2 | length: 2 | checksum: 2 |.
 * The tunnel of its destination port, -1: none, or the header is bad or not all there.  The length
 * may be 0 (segmentation offload), or more than this fragment holds. */
static int find_udp(MpsLayer *layer)
{
    MpsCursor *c = &layer->c;
    const size_t wire_bytes = mps_layer_wire_bytes(layer);

    mps_cursor_skip(c, 2);

    const uint16_t port = mps_take_be16(c);
    const uint16_t length = mps_take_be16(c);

    mps_cursor_skip(c, 2);
    if (c->short_read)
        return -1;

    const int found = find(UDP_PORT, port);

    if (found >= 0 && length > 0 && length < UDP_HEADER_BYTES) {
        layer->damage |= MPS_DAMAGED(TUNNEL_HEADER);
        return -1;
    }
    if (length >= UDP_HEADER_BYTES && length < wire_bytes)
        mps_layer_limit(layer, length - (size_t)UDP_HEADER_BYTES);
    return found;
}

MpsDecoded mps_decode_tunnel(MpsLayer *layer, MpsSegment *out, uint16_t *ethertype)
{
    const bool in_ip = *ethertype == MPS_ETHERTYPE_IPV4 || *ethertype == MPS_ETHERTYPE_IPV6;
    const int found = !in_ip                            ? find(ETHERTYPE, *ethertype)
                      : layer->protocol == PROTOCOL_UDP ? find_udp(layer)
                                                        : find(PROTOCOL, layer->protocol);

    if (layer->c.short_read)
        return mps_layer_short(layer, MPS_DAMAGED(LINK_CUT), MPS_DAMAGED(LINK_SHORT));
    if (found < 0)
        return layer->damage & MPS_DAMAGED(TUNNEL_HEADER) ? MPS_DECODED_MALFORMED
                                                          : MPS_DECODED_OTHER;
    if (out->n_tunnels == MPS_TUNNELS_MAX)
        return mps_layer_malformed(layer, MPS_DAMAGED(TUNNEL_DEPTH));

    MpsTunnel *tunnel = &out->tunnel[out->n_tunnels++];

    *tunnel = (MpsTunnel){.name = tunnels[found].name};
    if (in_ip) {
        tunnel->src = out->src.address;
        tunnel->dst = out->dst.address;
    }
    *ethertype = tunnels[found].decode(layer, tunnel);
    if (layer->c.short_read)
        return mps_layer_short(layer, MPS_DAMAGED(LINK_CUT), MPS_DAMAGED(LINK_SHORT));
    if (layer->damage & MPS_DAMAGED(TUNNEL_HEADER))
        return MPS_DECODED_MALFORMED;
    layer->place = mps_mix(layer->place, (uint64_t)(found + 1) << 32 | tunnel->id);
    return MPS_DECODED_TCP;
}
