/* link_sll.c - Linux cooked capture, versions 1 and 2 (`-i any`).
 *   SLL   | packet type: 2 | ARPHRD_: 2 | address length: 2 | address: 8 | protocol: 2 |
 *   SLL2  | protocol: 2 | reserved: 2 | interface: 4 | ARPHRD_: 2 | packet type: 1
 *         | address length: 1 | address: 8 |
 * The packet type tells sent from received, the address is the sender's. */
#include "decode/layers.h"

uint64_t mps_link_address(MpsLayer *layer, size_t n_bytes)
{
    const uint64_t field = mps_take_be64(&layer->c);

    if (n_bytes >= 8)
        return field;
    return n_bytes > 0 ? field >> (64 - 8 * n_bytes) : 0;
}

uint16_t mps_link_sll(MpsLayer *layer)
{
    const uint16_t packet_type = mps_take_be16(&layer->c);

    mps_cursor_skip(&layer->c, 2);

    const uint16_t n_address = mps_take_be16(&layer->c);
    const uint64_t address = mps_link_address(layer, n_address);

    layer->place = mps_mix(mps_mix(layer->place, address), packet_type);
    return mps_link_vlan(layer, mps_take_be16(&layer->c));
}

uint16_t mps_link_sll2(MpsLayer *layer)
{
    const uint16_t protocol = mps_take_be16(&layer->c);

    mps_cursor_skip(&layer->c, 2);

    const uint32_t interface = mps_take_be32(&layer->c);

    mps_cursor_skip(&layer->c, 2);

    const uint8_t packet_type = mps_take_u8(&layer->c);
    const uint8_t n_address = mps_take_u8(&layer->c);
    const uint64_t address = mps_link_address(layer, n_address);

    layer->place = mps_mix(layer->place, address);
    layer->place = mps_mix(layer->place, (uint64_t)interface << 8 | packet_type);
    return mps_link_vlan(layer, protocol);
}
