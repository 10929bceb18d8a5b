/* link_raw.c - packets that begin with the IP header: its version tells which. */
#include "decode/layers.h"

uint16_t mps_link_raw(MpsLayer *layer)
{
    MpsCursor peek = layer->c;
    const uint8_t version = mps_take_u8(&peek) >> 4;

    layer->c.short_read = peek.short_read;
    return version == 4 ? MPS_ETHERTYPE_IPV4 : version == 6 ? MPS_ETHERTYPE_IPV6 : 0;
}
