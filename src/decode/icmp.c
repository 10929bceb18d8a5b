/* icmp.c - ICMP (RFC 792) and ICMPv6 (RFC 4443) errors about TCP.
 *   | type | code | checksum: 2 | unused, MTU or pointer: 4 | IP header and begin of the packet |
 */
#include "decode/layers.h"

enum {
    ICMP_UNREACHABLE = 3,
    ICMP_TIME_EXCEEDED = 11,
    ICMP_PARAMETER_PROBLEM = 12,
    ICMPV6_ERROR_MAX = 127, /* all below are errors */
};

static bool is_error(uint8_t family, uint8_t type)
{
    if (family == 6)
        return type <= ICMPV6_ERROR_MAX;
    return type == ICMP_UNREACHABLE || type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETER_PROBLEM;
}

bool mps_decode_icmp(MpsLayer *layer, const MpsSegment *outer, MpsIcmpError *out)
{
    MpsCursor *c = &layer->c;
    MpsSegment quoted;
    MpsDecoded decoded;

    out->router = outer->src.address;
    out->type = mps_take_u8(c);
    out->code = mps_take_u8(c);
    mps_cursor_skip(c, 6);
    if (c->short_read || !is_error(outer->src.address.family, out->type))
        return false;
    decoded = outer->src.address.family == 4 ? mps_decode_ipv4(layer, &quoted)
                                             : mps_decode_ipv6(layer, &quoted);
    if (decoded != MPS_DECODED_TCP)
        return false;
    out->src.address = quoted.src.address;
    out->dst.address = quoted.dst.address;
    out->src.port = mps_take_be16(c);
    out->dst.port = mps_take_be16(c);
    out->seq = mps_take_be32(c);
    return !c->short_read;
}
