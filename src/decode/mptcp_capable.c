/* mptcp_capable.c - MP_CAPABLE, RFC 8684 section 3.1, RFC 6824 section 3.1.
 *   | kind 30 | length | subtype 0, version | flags A B C D-H
 *   | sender's key: 8 | from length 12
 *   | receiver's key: 8 | from length 20
 *   | data-level length: 2 | from length 22 | checksum: 2 | length 24 */
#include "decode/mptcp.h"

void mps_decode_capable(MpsCursor *c, MpsMptcpOption *out)
{
    out->capable.version = out->byte2 & 0x0f;
    out->capable.flags = mps_take_u8(c);
    out->capable.has_sender_key = out->length >= 12;
    out->capable.has_receiver_key = out->length >= 20;
    out->capable.has_data_length = out->length >= 22;
    out->capable.has_checksum = out->length >= 24;
    if (out->capable.has_sender_key)
        out->capable.sender_key = mps_take_be64(c);
    if (out->capable.has_receiver_key)
        out->capable.receiver_key = mps_take_be64(c);
    if (out->capable.has_data_length)
        out->capable.data_bytes = mps_take_be16(c);
    if (out->capable.has_checksum)
        out->capable.checksum = mps_take_be16(c);
}
