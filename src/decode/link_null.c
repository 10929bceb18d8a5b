/* link_null.c - BSD loopback: | address family: 4 |, in the byte order of the capturing machine
 * (NULL) or of the network (LOOP).  Families are small numbers, so the order shows itself. */
#include "decode/layers.h"

uint16_t mps_link_null(MpsLayer *layer)
{
    const uint32_t wire = mps_take_be32(&layer->c);
    const uint32_t family = wire > 0xffff ? GUINT32_SWAP_LE_BE(wire) : wire;

    switch (family) {
    case 2:
        return MPS_ETHERTYPE_IPV4;
    case 10: /* Linux */
    case 23: /* Windows */
    case 24: /* NetBSD, OpenBSD */
    case 28: /* FreeBSD */
    case 30: /* macOS */
        return MPS_ETHERTYPE_IPV6;
    default:
        return 0;
    }
}
