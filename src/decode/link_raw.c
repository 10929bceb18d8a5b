/* link_raw.c - packets that begin with the IP header, whose version tells which; or with that of a
 * tunnel, which is looked at as if an ethertype had announced it. */
#include "decode/layers.h"

uint16_t mps_link_raw(MpsLayer *layer)
{
    MpsCursor peek = layer->c;
    const uint8_t version = mps_take_u8(&peek) >> 4;

    layer->c.short_read = peek.short_read;
    return version == 4 ? MPS_ETHERTYPE_IPV4 : version == 6 ? MPS_ETHERTYPE_IPV6 : 0;
}

uint16_t mps_link_pppoe(MpsLayer *layer G_GNUC_UNUSED)
{
    return 0x8864;
}

uint16_t mps_link_mpls(MpsLayer *layer G_GNUC_UNUSED)
{
    return 0x8847;
}
