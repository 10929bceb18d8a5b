/* tunnel_pppoe.c - PPPoE session stage, RFC 2516.
 *   | version 1, type 1 | code 0 | session id: 2 | length: 2 | PPP protocol | ... | */
#include "decode/layers.h"

uint16_t mps_tunnel_pppoe(MpsLayer *layer, MpsTunnel *out)
{
    MpsCursor *c = &layer->c;
    const uint8_t version = mps_take_u8(c);
    const uint8_t code = mps_take_u8(c);

    out->id = mps_take_be16(c);
    out->has_id = true;

    const uint16_t length = mps_take_be16(c);

    if (c->short_read)
        return MPS_ETHERTYPE_NONE;
    if (version != 0x11 || length > mps_layer_wire_bytes(layer)) {
        layer->damage |= MPS_DAMAGED(TUNNEL_HEADER);
        return MPS_ETHERTYPE_NONE;
    }
    if (code != 0)
        return MPS_ETHERTYPE_NONE;
    mps_layer_limit(layer, length);
    return mps_link_ppp(layer);
}
