/* link_ethernet.c - Ethernet II and VLAN tags (IEEE 802.1Q, 802.1ad).
 *   | destination: 6 | source: 6 | { tag type: 2 | priority, VLAN id: 2 } ... | ethertype: 2 |
 * A length instead of the ethertype has LLC behind it. */
#include "decode/layers.h"

/* Deeper stacks than this do not occur; the limit keeps hostile frames from costing time. */
#define VLAN_DEPTH_MAX 16

/* Greater numbers are ethertypes. */
#define LENGTH_MAX 1500

uint16_t mps_link_vlan(MpsLayer *layer, uint16_t ethertype)
{
    for (int depth = 0; depth < VLAN_DEPTH_MAX; depth++) {
        if (ethertype != 0x8100 && ethertype != 0x88a8 && ethertype != 0x9100)
            return ethertype;

        const uint16_t vlan_id = mps_take_be16(&layer->c) & 0x0fff;

        layer->place = mps_mix(layer->place, vlan_id);
        ethertype = mps_take_be16(&layer->c);
    }
    return 0;
}

uint16_t mps_link_ethernet(MpsLayer *layer)
{
    layer->place = mps_mix(layer->place, mps_take_be64(&layer->c));
    layer->place = mps_mix(layer->place, mps_take_be32(&layer->c));

    const uint16_t ethertype = mps_link_vlan(layer, mps_take_be16(&layer->c));

    return ethertype > LENGTH_MAX || ethertype == MPS_ETHERTYPE_NONE ? ethertype
                                                                     : mps_link_llc(layer);
}
