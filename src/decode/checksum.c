/* checksum.c - the Internet checksum (RFC 1071) of IPv4 headers and of TCP.
 *
 * A host that leaves the TCP checksum to its network card hands down the sum of the pseudo header,
 * not complemented (Linux: with the segment's length, or 0 where the card cuts it up), or zero. */
#include "decode/layers.h"

enum { PROTOCOL_TCP = 6, CHECKSUM_AT = 16, IP_CHECKSUM_AT = 10 };

static uint64_t sum_be16(uint64_t sum, const uint8_t *at, size_t n_bytes)
{
    for (; n_bytes >= 2; at += 2, n_bytes -= 2)
        sum += (uint64_t)(at[0] << 8 | at[1]);
    return n_bytes ? sum + (uint64_t)(at[0] << 8) : sum;
}

static uint16_t fold(uint64_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

void mps_verify_ipv4(MpsLayer *layer, const uint8_t *header, size_t n_bytes)
{
    const bool absent = header[IP_CHECKSUM_AT] == 0 && header[IP_CHECKSUM_AT + 1] == 0;

    if (fold(sum_be16(0, header, n_bytes)) != 0xffff)
        layer->damage |= absent ? MPS_DAMAGED(CHECKSUM_OFFLOADED) : MPS_DAMAGED(IP_CHECKSUM);
}

void mps_verify_tcp(MpsLayer *layer, const MpsSegment *out)
{
    const size_t address_bytes = out->src.address.family == 4 ? 4 : 16;
    const size_t n_bytes = mps_cursor_left(&layer->c);
    const uint64_t addresses =
        sum_be16(sum_be16(PROTOCOL_TCP, out->src.address.bytes, address_bytes),
                 out->dst.address.bytes, address_bytes);

    if (layer->uncaptured > 0 || out->fragment.more || layer->routed ||
        n_bytes <= CHECKSUM_AT + 1 || layer->damage & MPS_DAMAGED(IP_BEYOND)) {
        layer->damage |= MPS_DAMAGED(CHECKSUM_UNSEEN);
        return;
    }
    if (fold(sum_be16(addresses + (n_bytes >> 16) + (n_bytes & 0xffff), layer->c.at, n_bytes)) ==
        0xffff)
        return;

    const uint16_t wire = (uint16_t)(layer->c.at[CHECKSUM_AT] << 8 | layer->c.at[CHECKSUM_AT + 1]);
    const bool offloaded =
        wire == 0 || wire == fold(addresses) || wire == fold(addresses + n_bytes);

    layer->damage |= offloaded ? MPS_DAMAGED(CHECKSUM_OFFLOADED) : MPS_DAMAGED(TCP_CHECKSUM);
}
