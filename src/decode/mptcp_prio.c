/* mptcp_prio.c - MP_PRIO, RFC 8684 section 3.3.8; the address id exists in RFC 6824 only.
 *   | kind 30 | length 3 or 4 | subtype 5, reserved, B | address id: length 4 | */
#include "decode/mptcp.h"

void mps_decode_prio(MpsCursor *c, MpsMptcpOption *out)
{
    out->prio.backup = out->byte2 & 0x01;
    out->prio.has_address_id = out->length == 4;
    if (out->prio.has_address_id)
        out->prio.address_id = mps_take_u8(c);
}
