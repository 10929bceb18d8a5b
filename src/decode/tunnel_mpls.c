/* tunnel_mpls.c - a stack of MPLS labels, RFC 3032.
 *   { | label: 20 bits | class: 3 | bottom of stack: 1 | TTL: 8 | } ...
 * What follows has no type: its first four bits are an IP version, or 0 of the control word before
 * an Ethernet frame (RFC 4385, RFC 4448).  The id is the label at the bottom, which names the
 * service; those above it are the way there. */
#include "decode/layers.h"

/* Deeper stacks than this do not occur; the limit keeps hostile packets from costing time. */
#define LABELS_MAX 16

uint16_t mps_tunnel_mpls(MpsLayer *layer, MpsTunnel *out)
{
    MpsCursor *c = &layer->c;
    uint32_t entry;
    unsigned n = 0;

    do {
        if (n++ == LABELS_MAX) {
            layer->damage |= MPS_DAMAGED(TUNNEL_HEADER);
            return MPS_ETHERTYPE_NONE;
        }
        entry = mps_take_be32(c);
    } while (!(entry & 0x100) && !c->short_read);
    out->has_id = true;
    out->id = entry >> 12;

    MpsCursor peek = *c;
    const uint8_t first = mps_take_u8(&peek);

    if (peek.short_read || first >> 4 != 0)
        return mps_link_raw(layer);
    mps_cursor_skip(c, 4);
    return MPS_ETHERTYPE_BRIDGED;
}
