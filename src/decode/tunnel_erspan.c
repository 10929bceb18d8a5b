/* tunnel_erspan.c - mirrored frames, draft-foschiano-erspan; in GRE with a sequence number.
 *   | version: 4 bits, VLAN: 12 | class, encapsulation, T: 6 bits, session: 10 |
 *   type II, version 1:   | reserved, index: 4 |
 *   type III, version 2:  | time stamp: 4 | group: 2 | P, frame type: 5, hardware, D, granularity,
 * O: 2 | platform: 8, if O | */
#include "decode/layers.h"

enum { TYPE_II = 1, TYPE_III = 2, FRAME_ETHERNET = 0, FRAME_IP = 2 };

uint16_t mps_tunnel_erspan(MpsLayer *layer, MpsTunnel *out)
{
    MpsCursor *c = &layer->c;
    const int version = mps_take_be16(c) >> 12;

    out->id = mps_take_be16(c) & 0x3ff;
    out->has_id = true;
    mps_cursor_skip(c, 4);
    if (version == TYPE_II)
        return MPS_ETHERTYPE_BRIDGED;
    if (version != TYPE_III)
        return MPS_ETHERTYPE_NONE;
    mps_cursor_skip(c, 2);

    const uint16_t bits = mps_take_be16(c);
    const int frame = bits >> 10 & 0x1f;

    if (bits & 1)
        mps_cursor_skip(c, 8);
    if (c->short_read)
        return MPS_ETHERTYPE_NONE;
    return frame == FRAME_ETHERNET ? MPS_ETHERTYPE_BRIDGED
           : frame == FRAME_IP     ? mps_link_raw(layer)
                                   : MPS_ETHERTYPE_NONE;
}
