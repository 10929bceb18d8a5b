/* tunnel_gre.c - GRE, RFC 2784, RFC 2890; version 1 carries PPP (RFC 2637).
 *   | C . K S ..... A version 3 bits: 2 | ethertype: 2 | checksum, reserved: 4 if C | key: 4 if K
 *   | sequence: 4 if S | acknowledgement: 4 if A (version 1) |
 * A packet with source routing (R, RFC 1701) is not read.  ERSPAN of the first type has no header:
 * its ethertype without a sequence number means an Ethernet frame. */
#include "decode/layers.h"

enum { GRE_C = 0x8000, GRE_R = 0x4000, GRE_K = 0x2000, GRE_S = 0x1000, GRE_A = 0x0080 };
enum { ETHERTYPE_ERSPAN = 0x88be, ETHERTYPE_PPP = 0x880b };

uint16_t mps_tunnel_gre(MpsLayer *layer, MpsTunnel *out)
{
    MpsCursor *c = &layer->c;
    const uint16_t flags = mps_take_be16(c);
    const uint16_t ethertype = mps_take_be16(c);
    const uint16_t version = flags & 7;

    if (version > 1 || flags & GRE_R)
        return MPS_ETHERTYPE_NONE;
    if (flags & GRE_C)
        mps_cursor_skip(c, 4);
    if (flags & GRE_K) {
        const uint32_t key = mps_take_be32(c);

        out->has_id = true;
        out->id = version == 1 ? key & 0xffff : key; /* version 1: payload length, call id */
    }
    if (flags & GRE_S)
        mps_cursor_skip(c, 4);
    if (version == 1) {
        if (flags & GRE_A)
            mps_cursor_skip(c, 4);
        /* Without a sequence number it is a bare acknowledgement. */
        return ethertype == ETHERTYPE_PPP && flags & GRE_S ? mps_link_ppp(layer)
                                                           : MPS_ETHERTYPE_NONE;
    }
    return ethertype == ETHERTYPE_ERSPAN && !(flags & GRE_S) ? MPS_ETHERTYPE_BRIDGED : ethertype;
}
