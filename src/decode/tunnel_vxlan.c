/* tunnel_vxlan.c - VXLAN, RFC 7348.
 *   | flags: I 0x08 | reserved: 3 | VNI: 3 | reserved | Ethernet frame | */
#include "decode/layers.h"

uint16_t mps_tunnel_vxlan(MpsLayer *layer, MpsTunnel *out)
{
    const uint8_t flags = mps_take_u8(&layer->c);

    mps_cursor_skip(&layer->c, 3);
    out->id = mps_take_be32(&layer->c) >> 8;
    out->has_id = flags & 0x08;
    return out->has_id ? MPS_ETHERTYPE_BRIDGED : MPS_ETHERTYPE_NONE;
}
