/* link_ppp.c - PPP, RFC 1661, with or without the HDLC-like framing of RFC 1662.
 *   | address 0xff, control 0x03: 2, optional | protocol: 2, or 1 if its lowest bit is set | */
#include "decode/layers.h"

uint16_t mps_link_ppp(MpsLayer *layer)
{
    uint8_t first = mps_take_u8(&layer->c);

    if (first == 0xff) {
        mps_cursor_skip(&layer->c, 1);
        first = mps_take_u8(&layer->c);
    }

    uint16_t protocol = first;

    if (!(first & 1))
        protocol = (uint16_t)(first << 8 | mps_take_u8(&layer->c));
    return protocol == 0x21 ? MPS_ETHERTYPE_IPV4 : protocol == 0x57 ? MPS_ETHERTYPE_IPV6 : 0;
}
