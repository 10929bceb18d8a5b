/* tunnel_geneve.c - GENEVE, RFC 8926.
 *   | version 0: 2 bits, options length / 4: 6 | O, C | ethertype: 2 | VNI: 3 | reserved | options
 * | */
#include "decode/layers.h"

uint16_t mps_tunnel_geneve(MpsLayer *layer, MpsTunnel *out)
{
    MpsCursor *c = &layer->c;
    const uint8_t first = mps_take_u8(c);

    mps_cursor_skip(c, 1);

    const uint16_t ethertype = mps_take_be16(c);

    out->id = mps_take_be32(c) >> 8;
    out->has_id = true;
    mps_cursor_skip(c, (first & 0x3f) * 4u);
    return first >> 6 == 0 ? ethertype : MPS_ETHERTYPE_NONE;
}
